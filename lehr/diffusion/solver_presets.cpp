// The JSON form of solver schedules, and published solvers as schedules.
#include <algorithm>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/options.hpp"
#include "lehr/diffusion/solver_schedule.hpp"

namespace lehr::diffusion {
namespace {

struct Named {
  const char* name;
  Scaling scaling;
};
constexpr Named scalings[] = {{"none", Scaling::none},
                              {"dpm", Scaling::dpm},
                              {"bh1", Scaling::bh1},
                              {"plus_exp", Scaling::plus_exp},
                              {"minus_exp", Scaling::minus_exp},
                              {"linear", Scaling::linear}};
constexpr const char* correctors[] = {"none", "pseudo", "implicit"};

template <class T>
T field(const Json& object, const char* key, T otherwise, std::string_view where) {
  const auto found = object.find(key);
  if (found == object.end()) return otherwise;
  try {
    return found->get<T>();
  } catch (const nlohmann::json::exception&) {
    throw InvalidInput("{}: '{}' has {}, which is of another kind than expected", where, key,
                       quote(found->dump()));
  }
}

// Whole numbers that fit; JSON may hold 1e300.
int whole(const Json& value, const char* key, int otherwise, std::string_view where) {
  const auto found = value.find(key);
  if (found == value.end()) return otherwise;
  try {
    return OptionType<int>::from_json(*found);
  } catch (const InvalidInput& error) {
    throw InvalidInput("{}: {}: {}", where, key, error.what());
  }
}

std::vector<std::vector<int>> point_lists(const Json& value, std::string_view where) {
  std::vector<std::vector<int>> lists;
  const auto found = value.find("derivative_points");
  if (found == value.end()) return lists;
  if (!found->is_array()) throw InvalidInput("{}: derivative_points is no list of lists", where);
  for (const Json& list : *found) {
    if (!list.is_array()) throw InvalidInput("{}: derivative_points is no list of lists", where);
    lists.emplace_back();
    for (const Json& point : list) {
      if (!point.is_number_integer() || point.get<std::int64_t>() < -1000 || point.get<std::int64_t>() > 1000)
        throw InvalidInput("{}: derivative_points has {} where a number of a node belongs", where,
                           quote(point.dump()));
      lists.back().push_back(static_cast<int>(point.get<std::int64_t>()));
    }
  }
  return lists;
}

void read_scaling(const Json& value, SolverStep& step, const std::string& where) {
  const auto found = value.find("scaling");
  if (found == value.end()) {
    step.kappa = field(value, "scale_linear", 0.0, where);
    step.scaling = step.kappa != 0 ? Scaling::linear : Scaling::none;
    return;
  }
  const std::string type = field(*found, "type", std::string("none"), where);
  const auto* named = std::ranges::find_if(scalings, [&](const Named& entry) { return type == entry.name; });
  if (named == std::end(scalings)) {
    std::vector<std::string> known;
    for (const Named& entry : scalings) known.emplace_back(entry.name);
    throw InvalidInput("{}: unknown scaling {}{}", where, quote(type), hint(type, known));
  }
  step.scaling = named->scaling;
  step.kappa = field(*found, "kappa", 0.0, where);
}

SolverStep step_from_json(const Json& value, const std::string& where) {
  if (!value.is_object()) throw InvalidInput("{}: a step is an object", where);
  SolverStep step;
  const std::string prediction = field(value, "prediction", std::string("noise"), where);
  if (prediction != "noise" && prediction != "data")
    throw InvalidInput("{}: prediction {} is neither noise nor data", where, quote(prediction));
  step.data = prediction == "data";
  step.start = whole(value, "start", -1, where);
  step.order = whole(value, "order", 1, where);
  step.derivative_points = point_lists(value, where);
  read_scaling(value, step, where);
  const auto corrector = value.find("corrector");
  if (corrector != value.end() && corrector->is_boolean()) {
    step.corrector = corrector->get<bool>() ? Corrector::pseudo : Corrector::none;
  } else if (corrector != value.end()) {
    const std::string name = field(value, "corrector", std::string("none"), where);
    const auto* found = std::ranges::find_if(correctors, [&](const char* known) { return name == known; });
    if (found == std::end(correctors))
      throw InvalidInput("{}: corrector {} is not none, pseudo or implicit", where, quote(name));
    step.corrector = static_cast<Corrector>(found - std::begin(correctors));
  }
  return step;
}

}  // namespace

SolverSchedule schedule_from_json(const Json& value, std::string_view where) {
  if (!value.is_object() || !value.contains("timesteps") || !value.contains("steps") ||
      !value["steps"].is_array())
    throw InvalidInput("{}: a solver schedule has 'timesteps' and 'steps'", where);
  SolverSchedule schedule;
  schedule.times = field(value, "timesteps", std::vector<double>{}, where);
  for (std::size_t i = 0; i < value["steps"].size(); ++i)
    schedule.steps.push_back(step_from_json(value["steps"][i], fmt::format("{}: step {}", where, i + 1)));
  if (value.contains("provenance")) schedule.provenance = value["provenance"];
  const std::int64_t declared = whole(value, "nfe", static_cast<int>(schedule.evaluations()), where);
  if (declared != schedule.evaluations())
    throw InvalidInput("{}: nfe is said to be {}, the steps make {}", where, declared,
                       schedule.evaluations());
  return schedule;
}

SolverSchedule read_solver_schedule(const std::filesystem::path& path) {
  return schedule_from_json(parse_json(read_file(path), path.string()), path.string());
}

Json schedule_json(const SolverSchedule& schedule) {
  Json json;
  json["timesteps"] = schedule.times;
  json["nfe"] = schedule.evaluations();
  json["steps"] = Json::array();
  for (const SolverStep& step : schedule.steps) {
    Json entry;
    entry["prediction"] = step.data ? "data" : "noise";
    entry["start"] = step.start;
    entry["order"] = step.order;
    entry["derivative_points"] = step.derivative_points;
    entry["scaling"]["type"] = std::ranges::find(scalings, step.scaling, &Named::scaling)->name;
    entry["scaling"]["kappa"] = step.kappa;
    entry["corrector"] = correctors[static_cast<std::size_t>(step.corrector)];
    json["steps"].push_back(std::move(entry));
  }
  if (!schedule.provenance.is_null()) json["provenance"] = schedule.provenance;
  return json;
}

const std::vector<std::string>& preset_names() {
  static const std::vector<std::string> names = {"dpm_solver",
                                                 "dpm_solver_pp_2m",
                                                 "dpm_solver_pp_3m",
                                                 "dpm_solver_singlestep",
                                                 "taylor_data",
                                                 "taylor_noise",
                                                 "unipc"};
  return names;
}

PresetOptions preset_named(std::string_view name) {
  if (name == "dpm_solver") return {"dpm_solver", 2, false, Scaling::dpm, false};
  if (name == "dpm_solver_pp_2m") return {"dpm_solver_pp_2m", 2, true, Scaling::dpm, false};
  if (name == "dpm_solver_pp_3m") return {"dpm_solver_pp_3m", 3, true, Scaling::none, false};
  if (name == "dpm_solver_singlestep") return {"dpm_solver_singlestep", 2, false, Scaling::dpm, false};
  if (name == "taylor_data") return {"taylor_data", 2, true, Scaling::none, false};
  if (name == "taylor_noise") return {"taylor_noise", 2, false, Scaling::none, false};
  if (name == "unipc") return {"unipc", 2, true, Scaling::dpm, true};
  throw InvalidInput("solver: unknown preset {}{}", quote(name), hint(name, preset_names()));
}

SolverSchedule preset_schedule(const PresetOptions& options, const std::vector<double>& times) {
  if (options.order < 1 || options.order > 4)
    throw InvalidInput("solver: order {} is not 1 to 4", options.order);
  SolverSchedule schedule;
  schedule.times = times;
  const int steps = static_cast<int>(times.size()) - 1;
  const bool single = options.name == "dpm_solver_singlestep";
  for (int i = 0; i < steps; ++i) {
    SolverStep step;
    step.data = options.data;
    int order = std::min(options.order, i + 1);
    if (options.lower_order_final) order = std::min(order, steps - i);
    // Single-step: every second node is a stage, and the step over it starts one node back.
    if (single) order = i % 2 == 1 ? 2 : 1, step.start = i % 2 == 1 ? -2 : -1;
    step.order = order;
    std::vector<int> points;
    for (int k = 1; k < order; ++k) points.push_back(single ? -1 : -1 - k);
    for (int k = 1; k < order; ++k) step.derivative_points.push_back(points);
    // The factor belongs to updates with one derivative; with more the weights are exact.
    step.scaling = order == 2 || (order == 1 && options.corrector) ? options.scaling : Scaling::none;
    step.corrector = options.corrector && i + 1 < steps ? Corrector::pseudo : Corrector::none;
    schedule.steps.push_back(std::move(step));
  }
  return schedule;
}

}  // namespace lehr::diffusion
