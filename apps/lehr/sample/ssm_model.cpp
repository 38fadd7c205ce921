#include "apps/lehr/sample/ssm_model.hpp"

#include <algorithm>
#include <cmath>

#include "lehr/core/csv.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/study/section.hpp"

namespace lehr::command {

using namespace sample;

namespace {

constexpr std::uint64_t longest_model = 1 << 20;

// Lists of numbers of equal length, or a number.
Eigen::MatrixXd matrix_of(const study::Section& section, const std::string& key) {
  const Json& value = section.value(key);
  if (value.is_number()) return Eigen::MatrixXd::Constant(1, 1, value.get<double>());
  const auto fail = [&] { section.fail(key, "must be a list of rows, each a list of as many numbers"); };
  if (!value.is_array() || value.empty() || !value[0].is_array() || value[0].empty()) fail();
  Eigen::MatrixXd matrix(static_cast<Eigen::Index>(value.size()), static_cast<Eigen::Index>(value[0].size()));
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!value[i].is_array() || value[i].size() != value[0].size()) fail();
    for (std::size_t j = 0; j < value[i].size(); ++j) {
      if (!value[i][j].is_number()) fail();
      matrix(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = value[i][j].get<double>();
    }
  }
  return matrix;
}

Eigen::VectorXd vector_of(const study::Section& section, const std::string& key) {
  const Json& value = section.value(key);
  if (value.is_number()) return Eigen::VectorXd::Constant(1, value.get<double>());
  const bool numbers = value.is_array() && !value.empty() &&
                       std::ranges::all_of(value, [](const Json& v) { return v.is_number(); });
  if (!numbers) section.fail(key, "must be a list of numbers");
  Eigen::VectorXd vector(static_cast<Eigen::Index>(value.size()));
  for (std::size_t i = 0; i < value.size(); ++i)
    vector(static_cast<Eigen::Index>(i)) = value[i].get<double>();
  return vector;
}

LinearGaussian read_linear_gaussian(const study::Section& section) {
  section.allow({"kind", "observations", "transition", "transition_covariance", "observation",
                 "observation_covariance", "initial_mean", "initial_covariance"});
  LinearGaussian model;
  model.transition = matrix_of(section, "transition");
  model.transition_covariance = matrix_of(section, "transition_covariance");
  model.observation = matrix_of(section, "observation");
  model.observation_covariance = matrix_of(section, "observation_covariance");
  const bool square = model.transition.rows() == model.transition.cols() &&
                      model.transition_covariance.rows() == model.transition.rows() &&
                      model.transition_covariance.cols() == model.transition.rows();
  if (!square) section.fail("transition", "and transition_covariance must be square and of one size");
  model.initial_mean = section.has("initial_mean") ? vector_of(section, "initial_mean")
                                                   : Eigen::VectorXd::Zero(model.transition.rows());
  model.initial_covariance =
      section.has("initial_covariance")
          ? matrix_of(section, "initial_covariance")
          : LinearGaussian::stationary_covariance(model.transition, model.transition_covariance);
  model.check();
  return model;
}

DiscreteHmm read_hmm(const study::Section& section) {
  section.allow({"kind", "observations", "initial", "transition", "emission", "means", "deviations"});
  DiscreteHmm model;
  model.initial = vector_of(section, "initial");
  model.transition = matrix_of(section, "transition");
  if (section.has("emission") == (section.has("means") || section.has("deviations")))
    section.fail("kind", "hmm needs emission, or means and deviations");
  if (section.has("emission")) {
    model.emission = matrix_of(section, "emission");
  } else {
    model.means = vector_of(section, "means");
    model.deviations = vector_of(section, "deviations");
  }
  model.check();
  return model;
}

StochasticVolatility read_volatility(const study::Section& section) {
  section.allow({"kind", "observations", "mean", "persistence", "deviation"});
  const StochasticVolatility model{.mean = section.number("mean"),
                                   .persistence = section.number("persistence"),
                                   .deviation = section.number("deviation")};
  model.check();
  return model;
}

std::vector<std::string> read_columns(const study::Section& section) {
  if (!section.has("observations")) return {};
  const Json& value = section.value("observations");
  if (value.is_string()) return {value.get<std::string>()};
  std::vector<std::string> columns;
  const bool names = value.is_array() && !value.empty() &&
                     std::ranges::all_of(value, [](const Json& v) { return v.is_string(); });
  if (!names) section.fail("observations", "must be a list of the data's columns");
  for (const Json& name : value) columns.push_back(name.get<std::string>());
  return columns;
}

}  // namespace

std::int64_t SsmModel::width() const {
  const auto* const gaussian = std::get_if<LinearGaussian>(&model);
  return gaussian != nullptr ? gaussian->observation.rows() : 1;
}

std::vector<std::string> SsmModel::quantities() const {
  std::vector<std::string> names;
  if (const auto* gaussian = std::get_if<LinearGaussian>(&model)) {
    for (Eigen::Index i = 0; i < gaussian->dimension(); ++i)
      names.push_back(gaussian->dimension() == 1 ? "x" : fmt::format("x{}", i + 1));
  } else if (const auto* hmm = std::get_if<DiscreteHmm>(&model)) {
    for (Eigen::Index k = 0; k < hmm->states(); ++k) names.push_back(fmt::format("P(state {})", k + 1));
  } else {
    names.emplace_back("h");
  }
  return names;
}

SsmModel read_ssm_model(const std::filesystem::path& path) {
  const study::TomlDocument document(read_file(path, longest_model), path);
  const study::Section section(document);
  const std::string kind = section.choice("kind", {"linear_gaussian", "hmm", "stochastic_volatility"});
  if (!section.has("kind")) section.value("kind");  // says that it is missing
  SsmModel model{.kind = kind, .columns = read_columns(section), .model = {}};
  try {
    if (kind == "linear_gaussian")
      model.model = read_linear_gaussian(section);
    else if (kind == "hmm")
      model.model = read_hmm(section);
    else
      model.model = read_volatility(section);
  } catch (const InvalidInput& error) {
    const std::string what = error.what();
    if (what.starts_with(path.string())) throw;
    throw InvalidInput("{}: {}", path.string(), what);
  }
  if (!model.columns.empty() && static_cast<std::int64_t>(model.columns.size()) != model.width())
    section.fail("observations",
                 fmt::format("lists {} columns, the model observes {}", model.columns.size(), model.width()));
  return model;
}

Eigen::MatrixXd read_observations(const SsmModel& model, const std::filesystem::path& path) {
  const CsvTable table = read_csv(path);
  const std::vector<std::string>& columns = model.columns.empty() ? table.columns : model.columns;
  if (static_cast<std::int64_t>(columns.size()) != model.width())
    throw InvalidInput(
        "{}: the model observes {} columns, found {} ({}); name them by observations = [...] in the model",
        path.string(), model.width(), columns.size(), quote(fmt::format("{}", fmt::join(columns, ", ")), 80));
  if (table.rows == 0) throw InvalidInput("{}: there are no rows", path.string());
  Eigen::MatrixXd observations(model.width(), static_cast<Eigen::Index>(table.rows));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::vector<double> values = table.number_column(columns[i]);
    for (std::size_t t = 0; t < values.size(); ++t) {
      if (std::isinf(values[t]))
        throw InvalidInput("{}: column {} has {} in row {}", path.string(), quote(columns[i]), values[t],
                           t + 1);
      observations(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(t)) = values[t];
    }
  }
  return observations;
}

Eigen::MatrixXd simulate_observations(const SsmModel& model, std::int64_t length, Stream& random) {
  if (const auto* gaussian = std::get_if<LinearGaussian>(&model.model))
    return simulate(*gaussian, length, random).observations;
  const auto* const hmm = std::get_if<DiscreteHmm>(&model.model);
  const std::vector<double> values =
      hmm != nullptr ? hmm->simulate(length, random)
                     : std::get<StochasticVolatility>(model.model).simulate(length, random);
  return Eigen::Map<const Eigen::RowVectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

}  // namespace lehr::command
