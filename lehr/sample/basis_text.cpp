#include "lehr/sample/basis_text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "lehr/core/errors.hpp"
#include "lehr/sample/cell_bases.hpp"
#include "lehr/sample/classical_polynomials.hpp"
#include "lehr/sample/finite_space.hpp"
#include "lehr/sample/kernel_space.hpp"
#include "lehr/sample/tensor_space.hpp"
#include "lehr/sample/trigonometric_basis.hpp"
#include "lehr/schedule/signature.hpp"

namespace lehr::sample {
namespace {

using schedule::ArgumentKind;
using schedule::Arguments;
using schedule::Expression;
using schedule::Parameter;
using schedule::Signature;

constexpr Index most_factors = 100;
constexpr Index default_candidates = 500;
constexpr Index most_drawn_candidates = 200000;
constexpr std::size_t longest_basis_text = 4096;

Parameter number(const char* name, const char* default_text, const char* help) {
  return {.name = name, .kind = ArgumentKind::number, .help = help, .default_text = default_text};
}

// A family of univariate bases, or of factors of a kernel.
struct BasisFamily {
  Signature signature;
  std::function<UnivariateBasis(const Arguments&, Index count)> basis;  // empty for a kernel
  // How many functions have a level of at most `level`.
  std::function<Index(const Arguments&, Index level)> functions_through;
  std::optional<KernelFamily> kernel;
};

Index degrees_through(const Arguments&, Index level) { return level + 1; }

BasisFamily interval_family(const char* name, const char* summary, const char* from, const char* to,
                            UnivariateBasis (*make)(Index, double, double), Index (*through)(Index)) {
  return {{name, summary, {number("from", from, "lower end"), number("to", to, "upper end")}},
          [make](const Arguments& a, Index count) { return make(count, a.number("from"), a.number("to")); },
          [through](const Arguments&, Index level) { return through(level); },
          {}};
}

BasisFamily kernel_family(const char* name, const char* summary, KernelFamily family) {
  return {{name,
           summary,
           {number("length", "", "distance over which functions vary"), number("from", "0", "lower end"),
            number("to", "1", "upper end")}},
          {},
          {},
          family};
}

const std::vector<BasisFamily>& families() {
  static const std::vector<BasisFamily> all = {
      interval_family("legendre", "polynomials under the uniform law", "-1", "1", legendre_basis,
                      [](Index level) { return level + 1; }),
      interval_family("chebyshev", "polynomials under the arcsine law", "-1", "1", chebyshev_basis,
                      [](Index level) { return level + 1; }),
      {{"jacobi",
        "polynomials under a beta law, density ~ (to - x)^a (x - from)^b",
        {number("a", "", "exponent at the upper end"), number("b", "", "exponent at the lower end"),
         number("from", "-1", "lower end"), number("to", "1", "upper end")}},
       [](const Arguments& a, Index count) {
         return jacobi_basis(count, a.number("a"), a.number("b"), a.number("from"), a.number("to"));
       },
       degrees_through,
       {}},
      {{"hermite",
        "polynomials under a normal law",
        {number("mean", "0", "mean"), number("deviation", "1", "standard deviation")}},
       [](const Arguments& a, Index count) {
         return hermite_basis(count, a.number("mean"), a.number("deviation"));
       },
       degrees_through,
       {}},
      {{"laguerre",
        "polynomials under a gamma law, density ~ x^a e^-x of x = (value - from) / scale",
        {number("a", "0", "exponent at 0"), number("from", "0", "lower end"),
         number("scale", "1", "unit of length")}},
       [](const Arguments& a, Index count) {
         return laguerre_basis(count, a.number("a"), a.number("from"), a.number("scale"));
       },
       degrees_through,
       {}},
      interval_family("trigonometric", "waves; the degree is a frequency", "0", "1", trigonometric_basis,
                      [](Index level) { return 2 * level + 1; }),
      interval_family("haar", "Haar's wavelets; degree l has cells of length 2^(1 - l)", "0", "1", haar_basis,
                      [](Index level) { return Index{1} << std::min<Index>(level, 40); }),
      {{"indicator",
        "equal cells, all of degree 0",
        {{.name = "cells", .kind = ArgumentKind::integer, .help = "number of cells", .range = {1, 4096}},
         number("from", "0", "lower end"),
         number("to", "1", "upper end")}},
       [](const Arguments& a, Index) {
         return indicator_basis(a.integer("cells"), a.number("from"), a.number("to"));
       },
       [](const Arguments& a, Index) { return static_cast<Index>(a.integer("cells")); },
       {}},
      kernel_family("gaussian", "eigenfunctions of the Gaussian kernel", KernelFamily::gaussian),
      kernel_family("laplace", "eigenfunctions of exp(-|x - y| / length)", KernelFamily::laplace),
      kernel_family("matern32", "eigenfunctions of the Matern kernel of smoothness 3/2",
                    KernelFamily::matern32),
      kernel_family("matern52", "eigenfunctions of the Matern kernel of smoothness 5/2",
                    KernelFamily::matern52),
  };
  return all;
}

// ---- what follows the colon
// -------------------------------------------------------------------------------------------

struct SpaceKeys {
  std::optional<Index> d, degree, tensor, total, cross, size, candidates, seed;
};

struct SpaceKey {
  const char* name;
  std::optional<Index> SpaceKeys::*value;
  Index low, high;
};
constexpr SpaceKey space_keys[] = {
    {"d", &SpaceKeys::d, 1, most_factors},
    {"degree", &SpaceKeys::degree, 0, 10000},
    {"tensor", &SpaceKeys::tensor, 0, 10000},
    {"total", &SpaceKeys::total, 0, 10000},
    {"cross", &SpaceKeys::cross, 0, 10000},
    {"size", &SpaceKeys::size, 1, most_functions},
    {"candidates", &SpaceKeys::candidates, 1, most_drawn_candidates},
    {"seed", &SpaceKeys::seed, 0, std::numeric_limits<Index>::max()},
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

Index read_integer(std::string_view text, std::string_view name, Index low, Index high) {
  Index value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high)
    throw InvalidInput("basis: {} must be an integer in [{}, {}], found {}", name, low, high, quote(text));
  return value;
}

void read_key(std::string_view text, SpaceKeys& keys) {
  const std::size_t equals = text.find('=');
  const std::string_view name = trimmed(text.substr(0, equals));
  const auto key = std::ranges::find(space_keys, name, &SpaceKey::name);
  if (key == std::end(space_keys)) {
    std::vector<std::string> known;
    for (const SpaceKey& k : space_keys) known.emplace_back(k.name);
    throw InvalidInput("basis: unknown key {}{}", quote(name), hint(name, known));
  }
  if (equals == std::string_view::npos) throw InvalidInput("basis: {} has no value", quote(name));
  if (keys.*key->value) throw InvalidInput("basis: {} is given twice", quote(name));
  keys.*key->value = read_integer(trimmed(text.substr(equals + 1)), name, key->low, key->high);
}

SpaceKeys read_keys(std::string_view text) {
  SpaceKeys keys;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    read_key(text.substr(0, comma), keys);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  const int rules =
      keys.degree.has_value() + keys.tensor.has_value() + keys.total.has_value() + keys.cross.has_value();
  if (rules > 1) throw InvalidInput("basis: give one of degree, tensor, total and cross");
  return keys;
}

// ---- the factors
// ------------------------------------------------------------------------------------------------------

struct BasisFactor {
  const BasisFamily* family;
  Arguments arguments;
};

// One factor with its power: "legendre(from=0, to=2)^3".
void read_factor(std::string_view text, std::vector<BasisFactor>& factors) {
  Index power = 1;
  if (const std::size_t caret = text.find('^'); caret != std::string_view::npos) {
    power = read_integer(trimmed(text.substr(caret + 1)), "a power", 1, most_factors);
    text = text.substr(0, caret);
  }
  Expression call = schedule::parse_expression(trimmed(text), "basis");
  if (call.kind == Expression::Kind::word) call.kind = Expression::Kind::call;
  const auto found = std::ranges::find_if(
      families(), [&](const BasisFamily& family) { return family.signature.name == call.text; });
  if (call.kind != Expression::Kind::call || found == families().end()) {
    std::vector<std::string> known;
    for (const BasisFamily& family : families()) known.push_back(family.signature.name);
    throw InvalidInput("basis: {} is no family of functions{}", quote(trimmed(text)), hint(call.text, known));
  }
  const Arguments arguments = schedule::bind(found->signature, call, {.what = "basis", .base = {}});
  for (Index k = 0; k < power; ++k) factors.push_back({&*found, arguments});
}

std::vector<BasisFactor> read_factors(std::string_view text, const std::optional<Index>& dimension) {
  std::vector<BasisFactor> factors;
  while (true) {
    const std::size_t star = text.find('*');
    read_factor(text.substr(0, star), factors);
    if (static_cast<Index>(factors.size()) > most_factors)
      throw InvalidInput("basis: more than {} coordinates", most_factors);
    if (star == std::string_view::npos) break;
    text.remove_prefix(star + 1);
  }
  if (dimension && factors.size() == 1) factors.assign(static_cast<std::size_t>(*dimension), factors.front());
  if (dimension && *dimension != static_cast<Index>(factors.size()))
    throw InvalidInput("basis: d={} for {} factors", *dimension, factors.size());
  return factors;
}

// ---- the space
// --------------------------------------------------------------------------------------------------------

FunctionSpace kernel_space_of(const std::vector<BasisFactor>& factors, const SpaceKeys& keys) {
  if (keys.degree || keys.tensor || keys.total || keys.cross || !keys.size)
    throw InvalidInput("basis: a kernel's space is given by size=m, the number of eigenfunctions");
  std::vector<KernelFactor> kernels;
  for (const BasisFactor& factor : factors)
    kernels.push_back({*factor.family->kernel, factor.arguments.number("length"),
                       factor.arguments.number("from"), factor.arguments.number("to")});
  return kernel_space(kernels, *keys.size,
                      keys.candidates.value_or(std::max(default_candidates, 4 * *keys.size)),
                      Seed{static_cast<std::uint64_t>(keys.seed.value_or(1))});
}

// The levels of a factor's functions, up to `bound`; no more than make any set too large.
std::vector<Index> levels_of(const BasisFactor& factor, Index bound) {
  std::vector<Index> levels;
  for (Index level = 0; level <= bound && static_cast<Index>(levels.size()) <= most_functions; ++level) {
    const Index through = factor.family->functions_through(factor.arguments, level);
    levels.resize(static_cast<std::size_t>(std::min(through, most_functions + 1)), level);
  }
  return levels;
}

FunctionSpace product_space_of(const std::vector<BasisFactor>& factors, const SpaceKeys& keys) {
  if (keys.degree && factors.size() > 1)
    throw InvalidInput("basis: of several variables give tensor, total or cross in place of degree");
  const IndexRule rule = keys.tensor ? IndexRule::tensor : keys.cross ? IndexRule::cross : IndexRule::total;
  const std::optional<Index> given = keys.tensor  ? keys.tensor
                                     : keys.cross ? keys.cross
                                     : keys.total ? keys.total
                                                  : keys.degree;
  if (!given) throw InvalidInput("basis: give the highest degree: degree, total, tensor or cross");
  std::vector<std::vector<Index>> levels;
  for (const BasisFactor& factor : factors) levels.push_back(levels_of(factor, *given));
  const IndexSet set = index_set(rule, *given, levels);
  std::vector<UnivariateBasis> bases;
  for (std::size_t i = 0; i < factors.size(); ++i)
    bases.push_back(factors[i].family->basis(factors[i].arguments,
                                             set.functions.row(static_cast<Index>(i)).maxCoeff() + 1));
  return tensor_space(std::move(bases), set, keys.size.value_or(0));
}

// The same functions on points drawn from the measure.
FunctionSpace on_candidates(const FunctionSpace& space, Index candidates, Seed seed) {
  Stream random(seed, lane("sample.basis.candidates"));
  const Eigen::MatrixXd points = space.draw_reference(random, candidates);
  FunctionSpace finite = finite_space(points, space.features(points).transpose());
  finite.degrees = space.degrees;
  finite.nested = space.nested;
  return finite;
}

}  // namespace

FunctionSpace parse_basis(std::string_view text) {
  if (text.size() > longest_basis_text)
    throw InvalidInput("basis: the text is longer than {} bytes", longest_basis_text);
  const std::size_t colon = text.find(':');
  const SpaceKeys keys =
      read_keys(colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1));
  const std::vector<BasisFactor> factors = read_factors(text.substr(0, colon), keys.d);
  const auto kernels =
      std::ranges::count_if(factors, [](const BasisFactor& f) { return f.family->kernel.has_value(); });
  if (kernels != 0 && kernels != static_cast<std::ptrdiff_t>(factors.size()))
    throw InvalidInput("basis: kernels multiply kernels alone");
  FunctionSpace space = kernels != 0 ? kernel_space_of(factors, keys) : product_space_of(factors, keys);
  if (kernels == 0 && keys.candidates)
    space = on_candidates(space, *keys.candidates, Seed{static_cast<std::uint64_t>(keys.seed.value_or(1))});
  space.name = std::string(text);
  return space;
}

std::vector<BasisFamilyHelp> basis_families() {
  std::vector<BasisFamilyHelp> help;
  for (const BasisFamily& family : families())
    help.push_back({family.signature.usage(), family.signature.summary});
  return help;
}

}  // namespace lehr::sample
