#include "apps/lehr/diffusion/guide.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/guidance/best_of_n.hpp"
#include "lehr/diffusion/guidance/gradient_guidance.hpp"
#include "lehr/diffusion/guidance/mixture_values.hpp"
#include "lehr/diffusion/guidance/svdd.hpp"
#include "lehr/diffusion/guidance/twisted_smc.hpp"

namespace lehr::command {

using namespace diffusion;

namespace {

const std::vector<std::string> baselines = {"pretrained", "best_of_n", "twisted_smc"};

struct Interrupted {};

class Guide {
 public:
  Guide(const GuideOptions& options, TaskContext& context)
      : options_(options), context_(context), problem_(guide_problem(options.problem, context)) {
    temperature_ = options.temperature.value_or(Schedule(problem_.temperature.value_or(0)));
    for (const std::string& name : compared())
      if (std::ranges::find(baselines, name) == baselines.end())
        throw InvalidInput("compare: no baseline {}{}", quote(name), hint(name, baselines));
    const bool learnt = needs_learning();
    if (!learnt && !(options.value_file.empty() && options.save_value.empty()))
      throw InvalidInput(
          "value_file and save_value are for the values mc, mc_soft and bellman, this one is {}",
          options.value);
    make_observers();
  }

  Report run() {
    GuideFindings findings;
    try {
      findings.target = target();
      if (needs_value(options_.method)) value_ = value_model(findings);
      findings.main = run_method(options_.method, "");
      for (const std::string& name : compared())
        if (name != options_.method && possible(name)) add_baseline(name, findings);
    } catch (const Interrupted&) {
      findings.interrupted = true;
      Report report;
      report.title = "Guided diffusion, interrupted";
      report.notes.push_back("Interrupted before the designs were done.");
      return report;
    }
    if (!options_.save.empty())
      write_file_atomically(context_.resolve(options_.save), designs_csv(problem_, findings.main));
    if (!options_.save_value.empty()) save_value(*findings.value);
    Report report = guide_report(options_, problem_, findings);
    for (const auto& path : finished_) std::filesystem::remove(path);
    return report;
  }

 private:
  std::vector<std::string> compared() const {
    return options_.compare == std::vector<std::string>{"none"} ? std::vector<std::string>()
                                                                : options_.compare;
  }
  bool needs_learning() const {
    return options_.value == "mc" || options_.value == "mc_soft" || options_.value == "bellman";
  }
  static bool needs_value(const std::string& method) { return method == "svdd" || method == "twisted_smc"; }
  double last_temperature() const {
    return temperature_.at(problem_.model.steps() - 1, problem_.model.steps());
  }
  double target_temperature() const {
    if (options_.target_temperature) return *options_.target_temperature;
    return problem_.temperature ? *problem_.temperature : last_temperature();
  }
  // As a baseline: twisted_smc takes the value's model and needs a temperature above 0.
  bool possible(const std::string& name) const {
    return name != "twisted_smc" || (value_ && baseline_temperature() > 0);
  }
  double baseline_temperature() const {
    return last_temperature() > 0 ? last_temperature() : target_temperature();
  }

  // A checkpoint file for each part of the task, all refused for other options or other files.
  void make_observers() {
    GuideOptions own = options_;
    own.save.clear(), own.save_value.clear();
    Json decisive = lehr::describe(own).values();
    decisive["content"] = problem_.identity;
    observers_ = context_.observers_with_checkpoints(decisive);
  }

  template <class Method>
  auto drive_part(const Method& method, const std::string& part) {
    Observers observers = observers_;
    if (!part.empty() && !observers.checkpoints.path.empty()) {
      observers.checkpoints.path = context_.directory / ("checkpoint" + part + ".safetensors");
      finished_.push_back(observers.checkpoints.path);
    }
    auto run = drive(method, Budget::steps(method.steps()), context_.seed, observers);
    if (run.why == Stop::interrupted) throw Interrupted();
    return std::move(run.state);
  }

  FeatureMap feature_map() const {
    const bool motif = options_.features == "motif" || (options_.features == "auto" && problem_.score);
    if (motif && !problem_.score) throw InvalidInput("features: motif needs the built-in reward");
    return motif ? motif_features(problem_.model, *problem_.score)
                 : plain_features(problem_.model, problem_.reward);
  }

  ValueModel learnt_value(GuideFindings& findings) {
    const FeatureMap features = feature_map();
    if (!options_.value_file.empty()) {
      const StateTensors tensors = load_state(context_.resolve(options_.value_file));
      StateReader reader(tensors);
      findings.value.emplace().fields(reader);
    } else {
      const std::string form = options_.value == "mc"        ? "mean"
                               : options_.value == "mc_soft" ? "soft"
                                                             : "bellman";
      const ValueRegression regression(problem_.model, problem_.reward, features,
                                       {.rollouts = options_.rollouts,
                                        .form = form,
                                        .candidates = options_.value_candidates,
                                        .temperature = last_temperature()});
      auto learnt = drive_part(regression, "-value");
      findings.value = std::move(learnt.value);
      findings.value_reward_calls = learnt.reward_calls, findings.value_model_calls = learnt.model_calls;
    }
    return regression_value(*findings.value, features, problem_.model);
  }

  void save_value(LinearValue value) const {
    StateWriter writer;
    value.fields(writer);
    save_state(context_.resolve(options_.save_value), writer.tensors);
  }

  ValueModel value_model(GuideFindings& findings) {
    if (needs_learning()) return learnt_value(findings);
    if (options_.value == "pm") return posterior_mean_value(problem_.model, problem_.reward);
    const ValueKind kind = options_.value == "exact" ? ValueKind::soft : ValueKind::mean;
    if (problem_.mixture)
      return mixture_value(*problem_.mixture, problem_.model, problem_.reward, options_.draws, kind);
    if (enumerable()) return exact_value(space(), problem_.model, kind);
    if (kind == ValueKind::soft && problem_.score && problem_.sequences->prior->is_chain())
      return chain_value(std::make_shared<ChainScore>(problem_.sequences->prior, *problem_.score),
                         problem_.model);
    throw InvalidInput("value: {} needs at most {:.0f} sequences (here are {}^{}){}", options_.value,
                       most_sequences, problem_.model.symbols, problem_.model.rows,
                       kind == ValueKind::soft ? ", or a chain under the built-in reward" : "");
  }

  bool enumerable() const {
    return number_of_sequences(problem_.model.rows, problem_.model.symbols) <= most_sequences;
  }
  std::shared_ptr<const SequenceSpace> space() {
    if (!space_)
      space_ = std::make_shared<const SequenceSpace>(enumerate(*problem_.sequences->prior, problem_.reward));
    return space_;
  }

  GuideTarget target() {
    // A worker is not asked about a whole space only to compare.
    const bool costly = problem_.worker && options_.value != "exact" && options_.value != "mean";
    GuideTarget target;
    if (problem_.mixture && !problem_.worker)
      target = mixture_target(problem_, target_temperature(), options_.count, context_.seed);
    target.temperature = target_temperature();
    if (problem_.mixture) return target;
    if (enumerable() && !costly) {
      target.law = reward_law(*space(), target.temperature);
      if (problem_.model.rows >= 2) target.first_two = target_of_first_two(*space(), target.temperature);
    } else if (problem_.score && problem_.sequences->prior->is_chain()) {
      target.law = ChainScore(problem_.sequences->prior, *problem_.score).law(target.temperature);
    }
    if (target.law) target.mean = target.law->target_mean, target.prior_mean = target.law->prior_mean;
    return target;
  }

  // A baseline that fails is a finding, not the end.
  void add_baseline(const std::string& name, GuideFindings& findings) {
    try {
      findings.others.push_back(run_method(name, "-" + name));
    } catch (const NumericalFailure& failure) {
      findings.failures.push_back(fmt::format("{} failed: {}.", name, failure.what()));
    }
  }

  DesignReward proxy() const {
    return options_.proxy.empty() ? problem_.reward : expression_reward(problem_, options_.proxy);
  }

  GuidedDesigns run_method(const std::string& method, const std::string& part) {
    GuidedDesigns designs;
    designs.method = method;
    const bool main = part.empty();
    const bool gradient = method == "gradient" || (main && options_.proposal == "gradient");
    const ReverseModel model =
        gradient ? guided_by_gradient(problem_.model, proxy(), last_temperature(), options_.scale)
                 : problem_.model;
    if (method == "best_of_n") {
      const auto runs = std::llround(options_.candidates.at(0, problem_.model.steps()));
      const BestOfN best(
          model, problem_.reward,
          {.count = options_.count, .runs = runs, .temperature = main ? last_temperature() : 0});
      take(designs, drive_part(best, part));
    } else if (method == "twisted_smc") {
      const TwistedSmc smc(model, problem_.reward, value_,
                           {.count = options_.count,
                            .temperature = main ? temperature_ : Schedule(baseline_temperature()),
                            .resampling = options_.resampling,
                            .threshold = options_.threshold});
      auto state = drive_part(smc, part);
      designs.founders =
          static_cast<std::int64_t>(std::set(state.founder.begin(), state.founder.end()).size());
      take(designs, std::move(state));
    } else {
      const Svdd svdd(model, problem_.reward, method == "svdd" ? value_ : ValueModel(),
                      {.count = options_.count,
                       .candidates = options_.candidates,
                       .temperature = temperature_,
                       .rule = options_.rule});
      take(designs, drive_part(svdd, part));
    }
    designs.log_prior.resize(designs.x.cols());
    for (Index i = 0; i < designs.x.cols(); ++i)
      designs.log_prior[i] = problem_.model.log_prior(designs.x.col(i));
    return designs;
  }

  template <class State>
  static void take(GuidedDesigns& designs, State state) {
    designs.x = std::move(state.x), designs.rewards = std::move(state.rewards);
    designs.trace = std::move(state.trace);
    designs.reward_calls = state.reward_calls, designs.model_calls = state.model_calls;
  }

  const GuideOptions& options_;
  TaskContext& context_;
  GuideProblem problem_;
  Schedule temperature_;
  Observers observers_;
  ValueModel value_;
  std::shared_ptr<const SequenceSpace> space_;
  std::vector<std::filesystem::path> finished_;  // checkpoints of parts, to remove at the end
};

Report run_guide(const GuideOptions& options, TaskContext& context) { return Guide(options, context).run(); }

}  // namespace

Task diffusion_guide_task() {
  return make_task<GuideOptions>(
      "diffusion.guide", "",
      "designs of a diffusion model that score high, by candidates and values: no gradients",
      "Soft value-based decoding: in every step of the reverse process each design draws candidates from the "
      "model and keeps "
      "one by its estimated value, so that designs score high under a reward and still look like the "
      "model's. The reward is a "
      "formula, a built-in score of sequences, or your program (--worker.command: "
      "{\"op\":\"reward\",\"sequence\":\"ACGT\"} -> "
      "{\"reward\":0.7}; null says that a design cannot be scored). The model is a Markov chain, hidden or "
      "not, a table, your "
      "own sequences, or a Gaussian mixture. Where the target is known exactly, the report says how far the "
      "designs are from "
      "it; best of n, twisted SMC and the unguided model run beside.",
      {"diffusion guide markov6.json --method svdd --value exact --candidates 10 --temperature 0.5 --steps "
       "24 --count 1200",
       "diffusion guide promoters.fasta --alphabet ACGT --length 40 --reward.weight 2 --reward.symbols CG "
       "--candidates 20",
       "diffusion guide mixture.json --process vp-linear --reward.expression \"2 * (x0 > 0.5) - abs(x1)\" "
       "--value exact",
       "diffusion guide model.json --worker.command \"python3 score.py\" --worker.batch 64 --count 100 "
       "--save designs.csv"},
      run_guide);
}

}  // namespace lehr::command
