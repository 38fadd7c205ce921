// Polynomials of any order (higher-order binary optimisation) as JSON, minimised:
//   {"vartype": "SPIN" or "BINARY", "terms": TERMS, "offset": c, "num_variables": n, "variable_labels":
//   [...]}
// where TERMS is a list [[[0, 1, 2], 1.5], ...] or an object {"0,1,2": 1.5, ...}; all but the terms may be
// left out. TERMS may stand alone, and cimod's (OpenJij's) BinaryPolynomialModel is read too: variables,
// poly_key_distance_list (lists of places in `variables`), poly_value_list, vartype.
//
// Variables are labels, sorted when all are integers, else in the order of their first appearance. With
// num_variables they are the numbers 0 .. n - 1; with variable_labels their order is that of the list.
#include "lehr/spin/files/formats.hpp"
#include "lehr/spin/files/json_fields.hpp"
#include "lehr/spin/files/label_table.hpp"
#include "lehr/spin/files/quadratic_form.hpp"

namespace lehr::spin {
namespace {

class HuboReader {
 public:
  HuboReader(const Json& document, const Source& source)
      : document_(document), source_(source), file_(source.name) {}

  Problem read() {
    if (document_.is_object() && find_field(document_, "poly_key_distance_list") != nullptr)
      read_cimod();
    else if (document_.is_object() && find_field(document_, "terms") != nullptr)
      read_object();
    else
      read_terms(document_);
    return finish();
  }

 private:
  void read_object();
  void read_cimod();
  void read_terms(const Json& terms);
  void read_term(const Json& item, std::size_t number);
  Problem finish();

  // In a file that numbers its variables, labels are numbers below num_variables.
  Index variable(std::string label) {
    const Index before = labels_.size();
    const Index index = labels_.add(std::move(label));
    if (fixed_ && index == before)
      throw InvalidInput("{}: unknown variable {} of {}", file_, quote(labels_.labels().back()), before);
    return index;
  }
  std::string field_text(const char* key) const {
    return document_.is_object() ? text_field(document_, key, file_) : "";
  }

  const Json& document_;
  const Source& source_;
  std::string_view file_;
  LabelTable labels_;
  bool fixed_ = false;  // all variables are known before the terms
  std::vector<Term> terms_;
  double offset_ = 0;
};

void HuboReader::read_object() {
  offset_ = number_field(document_, "offset", file_);
  if (find_field(document_, "variable_labels") != nullptr) {
    for (const Json& label : list_field(document_, "variable_labels", file_))
      labels_.add_new(label_text(label, file_), file_);
    fixed_ = true;
  } else if (const Json* const count = find_field(document_, "num_variables")) {
    const std::int64_t n = index_number(*count, std::numeric_limits<Index>::max(), "num_variables", file_);
    check_variables(n, source_.bytes.size(), file_);
    for (std::int64_t i = 0; i < n; ++i) labels_.add(std::to_string(i));
    fixed_ = true;
  }
  read_terms(*find_field(document_, "terms"));
}

void HuboReader::read_terms(const Json& terms) {
  if (terms.is_array()) {
    for (std::size_t k = 0; k < terms.size(); ++k) read_term(terms[k], k);
  } else if (terms.is_object()) {
    for (const auto& [key, weight] : terms.items()) {
      Term term{{}, finite_number(weight, "term " + quote(key), file_)};
      for (std::string& label : split_key(key)) term.variables.push_back(variable(std::move(label)));
      terms_.push_back(std::move(term));
    }
  } else {
    throw InvalidInput("{}: expected terms as a list or an object, found {}", file_, terms.type_name());
  }
}

void HuboReader::read_term(const Json& item, std::size_t number) {
  if (!item.is_array() || item.size() != 2 || !item[0].is_array())
    throw InvalidInput("{}: term {}: expected [[variables], weight]", file_, number);
  Term term{{}, finite_number(item[1], fmt::format("term {}: weight", number), file_)};
  for (const Json& label : item[0]) term.variables.push_back(variable(label_text(label, file_)));
  terms_.push_back(std::move(term));
}

void HuboReader::read_cimod() {
  for (const Json& label : list_field(document_, "variables", file_))
    labels_.add_new(label_text(label, file_), file_);
  fixed_ = true;
  const Json& keys = list_field(document_, "poly_key_distance_list", file_);
  const Json& values = list_field(document_, "poly_value_list", file_);
  if (keys.size() != values.size())
    throw InvalidInput("{}: {} in poly_key_distance_list, but {} in poly_value_list", file_, keys.size(),
                       values.size());
  for (std::size_t k = 0; k < keys.size(); ++k) {
    Term term{{}, finite_number(values[k], fmt::format("poly_value_list[{}]", k), file_)};
    const std::string what = fmt::format("poly_key_distance_list[{}]", k);
    if (!keys[k].is_array()) throw InvalidInput("{}: {}: expected a list", file_, what);
    for (const Json& place : keys[k])
      term.variables.push_back(static_cast<Index>(index_number(place, labels_.size(), what, file_)));
    terms_.push_back(std::move(term));
  }
}

Problem HuboReader::finish() {
  const Vartype type = vartype_of(field_text("vartype"), source_);
  const std::vector<Index> renumbered = labels_.sort_numbers();
  for (Term& term : terms_)
    for (Index& i : term.variables) i = renumbered[static_cast<std::size_t>(i)];
  PolynomialModel model(static_cast<Index>(renumbered.size()), terms_, type, offset_);
  std::int64_t kept = model.terms(), constants = 0;
  for (const Term& term : terms_) constants += term.variables.empty() ? 1 : 0;
  const std::int64_t merged = static_cast<std::int64_t>(terms_.size()) - kept - constants;
  if (merged > 0 && source_.options.strict)
    throw InvalidInput("{}: {} terms repeat others or vanish (strict reading)", file_, merged);
  Problem problem = polynomial_problem(std::move(model));
  problem.labels = labels_.labels();
  if (merged > 0)
    problem.notes.push_back(fmt::format("{} terms were merged into equal ones or vanished", merged));
  return problem;
}

// The polynomial that is minimised, of any problem.
PolynomialModel polynomial_of(const Problem& problem) {
  if (problem.polynomial) return *problem.polynomial;
  const IsingModel& model = problem.ising;
  BinaryForm form{{model.fields().begin(), model.fields().end()}, 1, model.offset()};
  if (problem.binary()) form = binary_form(problem);
  std::vector<Term> terms;
  for (Index i = 0; i < model.size(); ++i) terms.push_back({{i}, form.linear[static_cast<std::size_t>(i)]});
  for_each_coupling(model, [&](Index i, Index j, double weight) {
    terms.push_back({{i, j}, form.coupling_factor * weight});
  });
  const Vartype type = problem.binary() ? Vartype::binary : Vartype::spin;
  return PolynomialModel(model.size(), terms, type, form.constant);
}

}  // namespace

Problem read_hubo(const Source& source) {
  const Json document = parse_json(source.text(), source.name);
  return HuboReader(document, source).read();
}

void write_hubo(const Problem& problem, TextSink& sink) {
  if (problem.binary())
    note_negated(problem, sink);
  else
    note_energy(problem, sink);
  const PolynomialModel model = polynomial_of(problem);
  sink.put(fmt::format("{{\"vartype\": \"{}\", \"num_variables\": {}, \"offset\": ",
                       model.vartype() == Vartype::binary ? "BINARY" : "SPIN", model.size()));
  sink.put(model.offset());
  if (!problem.labels.empty())
    sink.put(fmt::format(",\n \"variable_labels\": {}", labels_json(problem.labels, model.size()).dump()));
  const Json labels = labels_json(problem.labels, model.size());
  sink.put(std::string_view(",\n \"terms\": ["));
  for (std::int64_t term = 0; term < model.terms(); ++term) {
    Json variables = Json::array();
    for (const Index i : model.variables(term)) variables.push_back(labels[static_cast<std::size_t>(i)]);
    sink.put(fmt::format("{}\n  [{}, ", term == 0 ? "" : ",", variables.dump()));
    sink.put(model.weight(term));
    sink.put(std::string_view("]"));
  }
  sink.put(std::string_view("]}\n"));
}

}  // namespace lehr::spin
