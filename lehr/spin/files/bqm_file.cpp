// dimod's BinaryQuadraticModel as JSON, minimised, in the forms that are met:
//   schema 3   linear_biases, quadratic_biases, quadratic_head, quadratic_tail (lists by variable number),
//              variable_labels, variable_type, offset (to_serializable(use_bytes=False))
//   schema 1   linear_terms [{label, bias}], quadratic_terms [{label_head, label_tail, bias}]
//   plain      linear {"a": 1} or [1, ...], quadratic {"a,b": 2} (also "(a, b)"), {"a": {"b": 2}} or
//              [["a", "b", 2]], vartype, offset
#include <set>

#include "lehr/spin/files/formats.hpp"
#include "lehr/spin/files/json_fields.hpp"
#include "lehr/spin/files/label_table.hpp"
#include "lehr/spin/files/quadratic_form.hpp"

namespace lehr::spin {
namespace {

class BqmReader {
 public:
  BqmReader(const Json& model, const Source& source) : model_(model), source_(source), file_(source.name) {}

  Problem read() {
    if (find_field(model_, "linear_biases") != nullptr)
      read_lists();
    else if (find_field(model_, "linear_terms") != nullptr)
      read_terms();
    else
      read_plain();
    return finish();
  }

 private:
  void read_lists();
  void read_terms();
  void read_plain();
  void read_plain_linear(const Json& linear);
  void read_plain_quadratic(const Json& quadratic);
  Problem finish();

  Index variable(const Json& label) { return labels_.add(label_text(label, file_)); }
  double number(const Json& value, std::string_view what) const { return finite_number(value, what, file_); }
  const Json& member(const Json& term, const char* key, std::string_view list) const {
    const Json* const found = term.is_object() ? find_field(term, key) : nullptr;
    if (found == nullptr) throw InvalidInput("{}: {}: a term without {}", file_, list, key);
    return *found;
  }
  void add_linear(Index i, double bias) {
    linear_.resize(static_cast<std::size_t>(labels_.size()));
    linear_[static_cast<std::size_t>(i)] += bias;
  }
  void add_quadratic(Index i, Index j, double bias) {
    if (i == j)
      throw InvalidInput("{}: a quadratic bias of variable {} with itself", file_,
                         quote(labels_.labels()[static_cast<std::size_t>(i)]));
    couplings_.push_back({i, j, bias});
  }

  const Json& model_;
  const Source& source_;
  std::string_view file_;
  LabelTable labels_;
  std::vector<double> linear_;
  std::vector<Coupling> couplings_;
};

void BqmReader::read_lists() {
  if (const Json* const bytes = find_field(model_, "use_bytes"); bytes != nullptr && *bytes == true)
    throw InvalidInput("{}: the biases are stored as bytes; write the model with use_bytes=False", file_);
  const Json& linear = list_field(model_, "linear_biases", file_);
  const Json& biases = list_field(model_, "quadratic_biases", file_);
  const Json& head = list_field(model_, "quadratic_head", file_);
  const Json& tail = list_field(model_, "quadratic_tail", file_);
  if (head.size() != biases.size() || tail.size() != biases.size())
    throw InvalidInput("{}: {} quadratic_biases, but {} in quadratic_head and {} in quadratic_tail", file_,
                       biases.size(), head.size(), tail.size());
  const Json* const labels = find_field(model_, "variable_labels");
  if (labels != nullptr && labels->is_array()) {
    for (const Json& label : *labels) labels_.add_new(label_text(label, file_), file_);
  } else {
    for (std::size_t i = 0; i < linear.size(); ++i) labels_.add_new(std::to_string(i), file_);
  }
  if (static_cast<std::size_t>(labels_.size()) != linear.size())
    throw InvalidInput("{}: {} variable_labels, but {} linear_biases", file_, labels_.size(), linear.size());
  for (std::size_t i = 0; i < linear.size(); ++i)
    add_linear(static_cast<Index>(i), number(linear[i], fmt::format("linear_biases[{}]", i)));
  for (std::size_t k = 0; k < biases.size(); ++k) {
    const auto end = [&](const Json& list, const char* key) {
      return static_cast<Index>(index_number(list[k], labels_.size(), fmt::format("{}[{}]", key, k), file_));
    };
    add_quadratic(end(head, "quadratic_head"), end(tail, "quadratic_tail"),
                  number(biases[k], fmt::format("quadratic_biases[{}]", k)));
  }
}

void BqmReader::read_terms() {
  for (const Json& label : find_field(model_, "variable_labels") != nullptr
                               ? list_field(model_, "variable_labels", file_)
                               : Json::array())
    labels_.add_new(label_text(label, file_), file_);
  for (const Json& term : list_field(model_, "linear_terms", file_))
    add_linear(variable(member(term, "label", "linear_terms")),
               number(member(term, "bias", "linear_terms"), "linear_terms: bias"));
  for (const Json& term : list_field(model_, "quadratic_terms", file_)) {
    const Index i = variable(member(term, "label_head", "quadratic_terms"));
    const Index j = variable(member(term, "label_tail", "quadratic_terms"));
    add_quadratic(i, j, number(member(term, "bias", "quadratic_terms"), "quadratic_terms: bias"));
  }
}

void BqmReader::read_plain() {
  if (const Json* const linear = find_field(model_, "linear")) read_plain_linear(*linear);
  if (const Json* const quadratic = find_field(model_, "quadratic")) read_plain_quadratic(*quadratic);
}

void BqmReader::read_plain_linear(const Json& linear) {
  if (linear.is_array()) {
    for (std::size_t i = 0; i < linear.size(); ++i)
      add_linear(labels_.add(std::to_string(i)), number(linear[i], fmt::format("linear[{}]", i)));
  } else if (linear.is_object()) {
    for (const auto& [label, bias] : linear.items())
      add_linear(labels_.add(label), number(bias, "linear: " + quote(label)));
  } else {
    throw InvalidInput("{}: linear: expected an object or a list, found {}", file_, linear.type_name());
  }
}

void BqmReader::read_plain_quadratic(const Json& quadratic) {
  if (quadratic.is_array()) {
    for (const Json& term : quadratic) {
      if (!term.is_array() || term.size() != 3)
        throw InvalidInput("{}: quadratic: expected [variable, variable, bias] in the list", file_);
      const Index i = variable(term[0]), j = variable(term[1]);
      add_quadratic(i, j, number(term[2], "quadratic: bias"));
    }
    return;
  }
  if (!quadratic.is_object())
    throw InvalidInput("{}: quadratic: expected an object or a list, found {}", file_, quadratic.type_name());
  for (const auto& [key, value] : quadratic.items()) {
    if (value.is_object()) {
      const Index i = labels_.add(key);
      for (const auto& [other, bias] : value.items()) {
        const Index j = labels_.add(other);
        add_quadratic(i, j, number(bias, "quadratic: " + quote(key)));
      }
      continue;
    }
    const std::vector<std::string> pair = split_key(key);
    if (pair.size() != 2)
      throw InvalidInput("{}: quadratic: expected a key \"a,b\" of two variables, found {}", file_,
                         quote(key));
    const Index i = labels_.add(pair[0]), j = labels_.add(pair[1]);
    add_quadratic(i, j, number(value, "quadratic: " + quote(key)));
  }
}

Problem BqmReader::finish() {
  std::string vartype = text_field(model_, "variable_type", file_);
  if (vartype.empty()) vartype = text_field(model_, "vartype", file_);
  const Vartype type = vartype_of(vartype, source_);
  const double offset = number_field(model_, "offset", file_);

  const std::vector<Index> renumbered = labels_.sort_numbers();
  std::vector<double> linear(renumbered.size());
  for (std::size_t i = 0; i < linear_.size(); ++i)
    linear[static_cast<std::size_t>(renumbered[i])] = linear_[i];
  for (Coupling& coupling : couplings_) {
    coupling.i = renumbered[static_cast<std::size_t>(coupling.i)];
    coupling.j = renumbered[static_cast<std::size_t>(coupling.j)];
  }
  std::set<std::pair<Index, Index>> pairs;
  for (const Coupling& coupling : couplings_) pairs.insert(std::minmax(coupling.i, coupling.j));
  const std::size_t repeated = couplings_.size() - pairs.size();
  if (repeated > 0 && source_.options.strict)
    throw InvalidInput("{}: {} quadratic biases repeat a pair (strict reading)", file_, repeated);

  Problem problem = type == Vartype::binary
                        ? qubo_problem(std::move(linear), couplings_, offset, false)
                        : ising_problem(IsingModel(std::move(linear), couplings_, offset));
  problem.labels = labels_.labels();
  if (repeated > 0) problem.notes.push_back(fmt::format("{} repeated entries were added up", repeated));
  return problem;
}

// The list as JSON, item by item.
template <class Items>
void put_list(TextSink& sink, const char* key, Items items) {
  sink.put(fmt::format(",\n \"{}\": [", key));
  bool first = true;
  items([&](auto value) {
    if (!first) sink.put(std::string_view(", "));
    first = false;
    sink.put(value);
  });
  sink.put(std::string_view("]"));
}

}  // namespace

Problem read_bqm(const Source& source) {
  const Json model = parse_json(source.text(), source.name);
  if (!model.is_object())
    throw InvalidInput("{}: expected a JSON object, found {}", source.name, model.type_name());
  return BqmReader(model, source).read();
}

void write_bqm(const Problem& problem, TextSink& sink) {
  require_quadratic(problem, "bqm");
  const IsingModel& model = problem.ising;
  BinaryForm form;
  if (problem.binary()) {
    note_negated(problem, sink);
    form = binary_form(problem);
  } else {
    note_energy(problem, sink);
    form = {{model.fields().begin(), model.fields().end()}, 1, model.offset()};
  }
  sink.put(
      std::string_view("{\"type\": \"BinaryQuadraticModel\", \"version\": {\"bqm_schema\": \"3.0.0\"}, "
                       "\"use_bytes\": false,\n \"index_type\": \"int32\", \"bias_type\": \"float64\""));
  sink.put(
      fmt::format(",\n \"num_variables\": {}, \"num_interactions\": {}", model.size(), model.couplings()));
  sink.put(fmt::format(",\n \"variable_labels\": {}", labels_json(problem.labels, model.size()).dump()));
  sink.put(fmt::format(",\n \"variable_type\": \"{}\", \"offset\": ", problem.binary() ? "BINARY" : "SPIN"));
  sink.put(form.constant);
  sink.put(std::string_view(", \"info\": {}"));
  put_list(sink, "linear_biases", [&](auto item) {
    for (const double value : form.linear) item(value);
  });
  put_list(sink, "quadratic_biases", [&](auto item) {
    for_each_coupling(model, [&](Index, Index, double weight) { item(form.coupling_factor * weight); });
  });
  put_list(sink, "quadratic_head",
           [&](auto item) { for_each_coupling(model, [&](Index i, Index, double) { item(i); }); });
  put_list(sink, "quadratic_tail",
           [&](auto item) { for_each_coupling(model, [&](Index, Index j, double) { item(j); }); });
  sink.put(std::string_view("}\n"));
}

}  // namespace lehr::spin
