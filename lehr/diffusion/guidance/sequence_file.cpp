#include "lehr/diffusion/guidance/sequence_file.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/point_file.hpp"

namespace lehr::diffusion {
namespace {

constexpr const char* number_letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

double number_of(const Json& value, const std::string& where, const std::string& key) {
  if (!value.is_number())
    throw InvalidInput("{}: {} has {} where a number belongs", where, key, quote(value.dump()));
  return value.get<double>();
}

const Json& member(const Json& object, const char* key, const std::string& where) {
  const auto found = object.find(key);
  if (found == object.end()) throw InvalidInput("{}: the key '{}' is missing", where, key);
  return *found;
}

VectorXd vector_of(const Json& value, const std::string& where, const std::string& key) {
  if (!value.is_array() || value.empty()) throw InvalidInput("{}: {} is no list of numbers", where, key);
  VectorXd vector(static_cast<Index>(value.size()));
  for (std::size_t i = 0; i < value.size(); ++i)
    vector[static_cast<Index>(i)] = number_of(value[i], where, key);
  return vector;
}

MatrixXd matrix_of(const Json& value, const std::string& where, const std::string& key) {
  if (!value.is_array() || value.empty() || !value.front().is_array())
    throw InvalidInput("{}: {} is no list of rows", where, key);
  MatrixXd matrix(static_cast<Index>(value.size()), static_cast<Index>(value.front().size()));
  for (std::size_t i = 0; i < value.size(); ++i) {
    const VectorXd row = vector_of(value[i], where, fmt::format("{}[{}]", key, i));
    if (row.size() != matrix.cols())
      throw InvalidInput("{}: {}[{}] has {} numbers, the first row {}", where, key, i, row.size(),
                         matrix.cols());
    matrix.row(static_cast<Index>(i)) = row;
  }
  return matrix;
}

void check_alphabet(const std::string& alphabet, const std::string& where) {
  if (std::set<char>(alphabet.begin(), alphabet.end()).size() != alphabet.size() || alphabet.size() < 2)
    throw InvalidInput("{}: alphabet {} needs at least 2 characters, all different", where, quote(alphabet));
}

// Of the file, replaced by what is given; as many characters as the prior has symbols.
std::string alphabet_of(const Json& value, Index symbols, const std::string& given,
                        const std::string& where) {
  std::string alphabet = given;
  const auto found = value.find("alphabet");
  if (alphabet.empty() && found != value.end() && found->is_string()) alphabet = found->get<std::string>();
  if (found != value.end() && found->is_number() && found->get<double>() != static_cast<double>(symbols))
    throw InvalidInput("{}: alphabet is {}, but the prior has {} symbols", where, found->dump(), symbols);
  if (alphabet.empty()) alphabet = numbered_alphabet(symbols);
  check_alphabet(alphabet, where);
  if (static_cast<Index>(alphabet.size()) != symbols)
    throw InvalidInput("{}: the alphabet {} has {} characters, the prior {} symbols", where, quote(alphabet),
                       alphabet.size(), symbols);
  return alphabet;
}

std::vector<int> symbol_list(const Json& value, const std::string& alphabet, const std::string& where) {
  if (value.is_string()) return symbols_of(value.get<std::string>(), alphabet, where);
  if (!value.is_array()) throw InvalidInput("{}: expected symbols as a list of numbers or a text", where);
  std::vector<int> symbols;
  for (const Json& item : value) {
    if (!item.is_number_integer() || item.get<std::int64_t>() < 0 ||
        item.get<std::int64_t>() >= static_cast<std::int64_t>(alphabet.size()))
      throw InvalidInput("{}: {} is no symbol in 0 .. {}", where, quote(item.dump()), alphabet.size() - 1);
    symbols.push_back(item.get<int>());
  }
  return symbols;
}

SequencePrior prior_from_json(const Json& value, const std::string& where,
                              std::optional<std::int64_t> length) {
  if (!length) {
    const Json& given = member(value, "length", where);
    if (!given.is_number_integer())
      throw InvalidInput("{}: length is {}, no integer", where, quote(given.dump()));
    length = given.get<std::int64_t>();
  }
  if (value.contains("probabilities")) {
    VectorXd probabilities = vector_of(value["probabilities"], where, "probabilities");
    const double symbols =
        std::round(std::pow(static_cast<double>(probabilities.size()), 1 / static_cast<double>(*length)));
    return SequencePrior::table(std::move(probabilities), static_cast<Index>(symbols), *length, where);
  }
  VectorXd initial = vector_of(member(value, "initial", where), where, "initial");
  MatrixXd transition = matrix_of(member(value, "transition", where), where, "transition");
  if (!value.contains("emission"))
    return SequencePrior::markov(std::move(initial), std::move(transition), *length, where);
  return SequencePrior::hidden_markov(std::move(initial), std::move(transition),
                                      matrix_of(value["emission"], where, "emission"), *length, where);
}

}  // namespace

std::string SequenceModel::spell(const Eigen::Ref<const VectorXd>& x) const {
  std::string text;
  for (const double value : x) text += alphabet[static_cast<std::size_t>(value)];
  return text;
}

std::string numbered_alphabet(Index symbols) {
  const std::string all = number_letters;
  if (symbols > static_cast<Index>(all.size()))
    throw InvalidInput("alphabet: {} symbols are more than the {} that have letters", symbols, all.size());
  return all.substr(0, static_cast<std::size_t>(symbols));
}

std::vector<int> symbols_of(const std::string& text, const std::string& alphabet, const std::string& where) {
  std::vector<int> symbols;
  for (const char c : text) {
    const std::size_t at = alphabet.find(c);
    if (at == std::string::npos)
      throw InvalidInput("{}: {} is not in the alphabet {}", where, quote(std::string(1, c)),
                         quote(alphabet));
    symbols.push_back(static_cast<int>(at));
  }
  return symbols;
}

SequenceScore score_from_json(const Json& value, const std::string& alphabet, const std::string& where) {
  if (!value.is_object()) throw InvalidInput("{}: reward is no object", where);
  static const std::vector<std::string> known = {"gc_weight", "gc_symbols", "motif", "motif_bonus",
                                                 "motif_cap"};
  for (const auto& [key, content] : value.items())
    if (std::ranges::find(known, key) == known.end())
      throw InvalidInput("{}: reward has no key {}{}", where, quote(key), hint(key, known));
  SequenceScore score;
  if (value.contains("gc_weight")) score.weight = number_of(value["gc_weight"], where, "reward.gc_weight");
  if (value.contains("gc_symbols"))
    score.favoured = symbol_list(value["gc_symbols"], alphabet, where + ": reward.gc_symbols");
  if (value.contains("motif")) score.motif = symbol_list(value["motif"], alphabet, where + ": reward.motif");
  if (value.contains("motif_bonus"))
    score.bonus = number_of(value["motif_bonus"], where, "reward.motif_bonus");
  if (value.contains("motif_cap")) {
    const Json& cap = value["motif_cap"];
    if (!cap.is_number_integer() || cap.get<std::int64_t>() < 1)
      throw InvalidInput("{}: reward.motif_cap is {}, no integer of at least 1", where, quote(cap.dump()));
    score.cap = cap.get<std::int64_t>();
  }
  return score;
}

SequenceModel sequence_model_from_json(const Json& value, const std::string& where,
                                       std::optional<std::int64_t> length, const std::string& alphabet) {
  if (!value.is_object()) throw InvalidInput("{}: expected an object", where);
  SequenceModel model;
  model.prior = std::make_shared<const SequencePrior>(prior_from_json(value, where, length));
  model.alphabet = alphabet_of(value, model.prior->symbols(), alphabet, where);
  if (value.contains("alpha")) {
    model.temperature = number_of(value["alpha"], where, "alpha");
    if (!(*model.temperature >= 0)) throw InvalidInput("{}: alpha is {}, below 0", where, *model.temperature);
  }
  if (value.contains("reward")) model.score = score_from_json(value["reward"], model.alphabet, where);
  if (value.contains("exact") && !length) model.exact = value["exact"];
  return model;
}

SequenceSet read_sequences(const std::filesystem::path& path, const std::string& alphabet) {
  const std::string where = path.string();
  SequenceSet set;
  set.alphabet = alphabet;
  if (!alphabet.empty()) check_alphabet(alphabet, where);
  if (path.extension() == ".npy") {
    const MatrixXd points = read_point_set(path).points;
    if (set.alphabet.empty())
      set.alphabet = numbered_alphabet(std::max<Index>(2, static_cast<Index>(points.maxCoeff()) + 1));
    for (Index c = 0; c < points.cols(); ++c) {
      std::vector<int>& sequence = set.sequences.emplace_back();
      for (const double value : points.col(c)) {
        if (value != std::floor(value) || value < 0 || value >= static_cast<double>(set.alphabet.size()))
          throw InvalidInput("{}: row {} has {}, no symbol in 0 .. {}", where, c + 1, value,
                             set.alphabet.size() - 1);
        sequence.push_back(static_cast<int>(value));
      }
    }
    return set;
  }
  std::vector<std::pair<std::string, std::int64_t>> texts;  // with the line that each begins on
  const std::string content = read_file(path);
  const bool fasta = content.find('>') != std::string::npos;
  std::int64_t line = 0;
  for (std::size_t from = 0; from < content.size(); ++line) {
    const std::size_t to = std::min(content.find('\n', from), content.size());
    std::string text = content.substr(from, to - from);
    from = to + 1;
    std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
    if (text.empty() || text.front() == ';' || text.front() == '#') continue;
    if (text.front() == '>') {
      texts.emplace_back("", line + 1);
      continue;
    }
    if (!fasta || texts.empty()) texts.emplace_back("", line + 1);
    texts.back().first += text;
  }
  std::erase_if(texts, [](const auto& text) { return text.first.empty(); });
  if (texts.empty()) throw InvalidInput("{}: there are no sequences", where);
  const bool upper = std::ranges::none_of(alphabet, [](unsigned char c) { return std::islower(c) != 0; });
  if (upper)
    for (auto& [text, at] : texts)
      std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  if (set.alphabet.empty()) {
    std::set<char> letters;
    for (const auto& [text, at] : texts) letters.insert(text.begin(), text.end());
    if (letters.size() > 62)
      throw InvalidInput("{}: {} different characters are no sequences; give an alphabet", where,
                         letters.size());
    set.alphabet.assign(letters.begin(), letters.end());
    check_alphabet(set.alphabet, where);
  }
  for (const auto& [text, at] : texts)
    set.sequences.push_back(
        symbols_of(text, set.alphabet, fmt::format("{}: the sequence on line {}", where, at)));
  return set;
}

SequenceModel estimated_model(const SequenceSet& set, std::optional<std::int64_t> length,
                              double pseudo_count) {
  std::vector<std::size_t> lengths;
  for (const auto& sequence : set.sequences) lengths.push_back(sequence.size());
  std::ranges::sort(lengths);
  SequenceModel model;
  model.alphabet = set.alphabet;
  model.prior = std::make_shared<const SequencePrior>(estimated_markov(
      set.sequences, static_cast<Index>(set.alphabet.size()),
      length.value_or(static_cast<std::int64_t>(lengths[lengths.size() / 2])), pseudo_count));
  return model;
}

}  // namespace lehr::diffusion
