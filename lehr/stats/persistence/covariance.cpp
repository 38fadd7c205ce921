#include "lehr/stats/persistence/covariance.hpp"

#include <charconv>
#include <cmath>

#include "lehr/core/errors.hpp"

namespace lehr::stats {
namespace {

double covariance_number(std::string_view word, std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value))
    throw InvalidInput("covariance {}: expected a number, found {}", quote(text, 60), quote(word));
  return value;
}

std::size_t parameter_index(const CovarianceFamily& family, std::string_view name) {
  std::vector<std::string> names;
  for (const CovarianceParameter& parameter : family.parameters) names.push_back(parameter.name);
  for (std::size_t k = 0; k < names.size(); ++k)
    if (names[k] == name) return k;
  throw InvalidInput("covariance {} has no parameter {}{}", family.name, quote(name), hint(name, names));
}

std::string covariance_text(const CovarianceFamily& family, std::span<const double> values) {
  std::string text = family.name;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const bool is_scale = k + 1 == values.size();
    if (is_scale && values[k] == 1) continue;
    text += fmt::format("{}{}={:.6g}", text.size() == family.name.size() ? ":" : ",",
                        family.parameters[k].name, values[k]);
  }
  return text;
}

}  // namespace

double Covariance::mean_interval() const { return std::numbers::pi / std::sqrt(lambda2); }

CovarianceFamily covariance_family(std::string_view name) {
  std::vector<std::string> names;
  for (CovarianceFamily& family : covariance_families()) {
    if (family.name == name) return std::move(family);
    names.push_back(family.name);
  }
  throw InvalidInput("no covariance has the name {}{}", quote(name), hint(name, names));
}

Covariance make_covariance(const CovarianceFamily& family, std::span<const double> values) {
  if (values.size() != family.parameters.size())
    throw InvalidInput("covariance {}: expected {} values, found {}", family.name, family.parameters.size(),
                       values.size());
  for (std::size_t k = 0; k < values.size(); ++k) {
    const CovarianceParameter& p = family.parameters[k];
    if (!(values[k] >= p.low && values[k] <= p.high))
      throw InvalidInput("covariance {}: {} must be in [{}, {}], found {}", family.name, p.name, p.low,
                         p.high, values[k]);
  }
  Covariance covariance = family.make(values);
  covariance.text = covariance_text(family, values);
  return covariance;
}

Covariance parse_covariance(std::string_view text) {
  const std::size_t colon = text.find(':');
  const CovarianceFamily family = covariance_family(text.substr(0, colon));
  std::vector<double> values;
  for (const CovarianceParameter& parameter : family.parameters) values.push_back(parameter.value);
  std::string_view rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos)
      throw InvalidInput("covariance {}: expected parameter=value, found {}", quote(text, 60), quote(part));
    values[parameter_index(family, part.substr(0, equals))] =
        covariance_number(part.substr(equals + 1), text);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return make_covariance(family, values);
}

}  // namespace lehr::stats
