#include "apps/lehr/diffusion/sample.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

#include "apps/lehr/diffusion/feature_source.hpp"
#include "lehr/core/drive.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/deis.hpp"
#include "lehr/diffusion/mixture_file.hpp"
#include "lehr/diffusion/mixture_score.hpp"
#include "lehr/diffusion/point_file.hpp"
#include "lehr/diffusion/residual_network.hpp"
#include "lehr/diffusion/search/step_file.hpp"

namespace lehr::command {

using namespace diffusion;

namespace {

using Eigen::Index;
using Eigen::MatrixXd;

// Points of each side in the distances.
constexpr Index most_for_mmd = 2000, most_for_energy = 5000, most_for_sliced = 20000;

Eigen::Ref<const MatrixXd> first(const MatrixXd& points, Index most) {
  return points.leftCols(std::min(most, points.cols()));
}

class Sampler {
 public:
  Sampler(const SampleOptions& options, TaskContext& context)
      : options_(options), context_(context), source_(load_model(options.model, context)) {
    if (options.clip.size() != 0 && (options.clip.size() != 2 || !(options.clip[0] < options.clip[1])))
      throw InvalidInput("diffusion.sample: clip takes two rising numbers, such as -1 1");
    if (options.images && source_.model.dimension % *options.images != 0)
      throw InvalidInput("diffusion.sample: images of width {} do not make {} coordinates", *options.images,
                         source_.model.dimension);
    read_starts();
    read_reference();
    features_ = load_features(options_.features, context, exact_);
  }

  SampleFindings run() {
    SampleFindings findings;
    findings.options = &options_;
    findings.source = &source_;
    findings.main.name = options_.schedule.empty() ? options_.solver.solver : "schedule";
    const auto begin = std::chrono::steady_clock::now();
    draw(findings);
    findings.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (!options_.save.empty()) write_point_set(context_.resolve(options_.save), findings.main.points);
    solve_finely(findings);
    judge(findings.main);
    others(findings);
    floors(findings);
    findings.starts = starts_.leftCols(std::min<Index>(starts_.cols(), 2000));
    findings.exact = exact_;
    findings.notes = notes_;
    for (const std::string& note : worker_notes(source_.given)) findings.notes.push_back(note);
    return findings;
  }

  const ModelSource& source() const { return source_; }

 private:
  void read_starts() {
    if (options_.starts.empty()) return;
    const MatrixXd table = read_point_set(context_.resolve(options_.starts)).points;
    const Index d = source_.model.dimension;
    if (table.rows() != d && table.rows() != 2 * d)
      throw InvalidInput(
          "{}: {} coordinates; the model has {} (or twice as many: starts, then their known ends)",
          options_.starts, table.rows(), d);
    starts_ = table.topRows(d);
    if (table.rows() == 2 * d) ends_ = table.bottomRows(d);
  }

  void read_reference() {
    if (options_.reference.empty()) {
      if (source_.mixture)
        exact_ = draw_mixture(*source_.mixture, std::max<Index>(count(), 2), context_.seed,
                              lane("diffusion.exact"));
      return;
    }
    exact_ = true_samples(options_.reference);
  }

  MatrixXd true_samples(const std::string& file) {
    MatrixXd points = read_point_set(context_.resolve(file), byte_scale_named(options_.bytes)).points;
    const Index d = source_.model.dimension;
    if (points.rows() == d + 1) {
      points = MatrixXd(points.topRows(d));
      notes_.push_back(fmt::format("The last column of {} is taken for a label.", file));
    }
    if (points.rows() != d)
      throw InvalidInput("{}: {} coordinates, the model has {}", file, points.rows(), d);
    if (options_.reference_map.size() != 2)
      throw InvalidInput("diffusion.sample: reference_map takes a factor and a shift");
    return (points.array() * options_.reference_map[0] + options_.reference_map[1]).matrix();
  }

  Index count() const { return starts_.size() > 0 ? starts_.cols() : options_.count; }

  Plan with_clip(Plan plan) const {
    if (!options_.clip.empty()) plan.clip = {options_.clip[0], options_.clip[1]};
    return plan;
  }

  std::vector<double> times_of(const SolverOptions& solver) const {
    return TimeGrid::parse(options_.grid, context_.base).times(source_.process, grid_steps(solver));
  }

  Plan plan_of(const SolverOptions& solver) const {
    return with_clip(solver_plan(solver, source_.process, times_of(solver)));
  }

  SteeredSolver steered_of(const SolverOptions& solver) const {
    if (!options_.clip.empty())
      throw InvalidInput("diffusion.sample: clip works with solvers that are plans; {} is none",
                         solver.solver);
    return {solver.solver,   source_.model,
            source_.process, solver.solver == "ode45" ? std::vector<double>{} : times_of(solver),
            solver.adaptive, solver.corrector};
  }

  Plan main_plan(std::vector<double>& times) {
    if (options_.schedule.empty()) {
      times = times_of(options_.solver);
      return with_clip(solver_plan(options_.solver, source_.process, times));
    }
    const std::filesystem::path path = context_.resolve(options_.schedule);
    const Json json = parse_json(read_file(path), path.string());
    if (json.is_object() && json.contains("times")) {
      const StepList list = step_list_from_json(json, path.string());
      for (const std::int64_t index : list.subset.times)
        times.push_back(step_time(source_.process, index, list.total));
      times.push_back(source_.process.t0());
      return step_plan(source_.process, list.subset, list.total, list.options);
    }
    const SolverSchedule schedule = schedule_from_json(json, path.string());
    times = schedule.times;
    if (schedule.provenance.is_object() && schedule.provenance.contains("process") &&
        schedule.provenance["process"] != source_.process.text())
      notes_.push_back(fmt::format("The schedule was made for the process {}, this one is {}.",
                                   schedule.provenance["process"].dump(), source_.process.text()));
    return with_clip(usf_plan(source_.process, schedule));
  }

  bool is_steered(const std::string& solver) const {
    return std::ranges::find(steered_names(), solver) != steered_names().end();
  }

  // By a plan, or by a solver that has none.
  SampleChunks chunks(SampleFindings& findings) {
    if (!options_.schedule.empty() || !is_steered(options_.solver.solver)) {
      Plan plan = main_plan(findings.times);
      findings.main.nfe = plan.evaluations() * source_.model.cost;
      return {std::move(plan), source_.model, source_.process, options_.count, starts_};
    }
    if (options_.solver.solver != "ode45") findings.times = times_of(options_.solver);
    const auto solver = std::make_shared<const SteeredSolver>(steered_of(options_.solver));
    return {
        Walk([solver](const Eigen::Ref<const MatrixXd>& starts, Seed seed, std::int64_t first_column,
                      Eigen::Ref<MatrixXd> ends) { return solver->run(starts, seed, first_column, ends); }),
        source_.model, source_.process, options_.count, starts_};
  }

  void draw(SampleFindings& findings) {
    const SampleChunks method = chunks(findings);
    Json identity;
    identity["options"] = describe_without_outputs();
    const Observers observers = context_.observers_with_checkpoints(identity);
    auto run = drive(method, Budget::steps(method.steps()), context_.seed, observers);
    findings.trace = method.trace(run.state);
    findings.main.points = run.state.points.leftCols(run.state.done);
    if (run.state.calls > 0 && run.state.done > 0) {
      findings.steered = method.counts(run.state);
      findings.main.nfe =
          std::llround(static_cast<double>(run.state.calls) / static_cast<double>(run.state.done));
    }
    if (run.state.done < run.state.points.cols()) {
      notes_.push_back(
          fmt::format("Interrupted: {} of {} points were drawn.", run.state.done, run.state.points.cols()));
      if (run.state.done < 2) throw InvalidInput("diffusion.sample: interrupted before there were points");
    }
    if (starts_.size() == 0)
      starts_ =
          prior_points(source_.process, source_.model.dimension, findings.main.points.cols(), context_.seed);
  }

  Json describe_without_outputs() const {
    SampleOptions own = options_;
    own.save.clear();
    return lehr::describe(own).values();
  }

  // The same starts, solved by rk4 in many steps: the truncation error's reference.
  void solve_finely(const SampleFindings& findings) {
    if (ends_.size() > 0 || !options_.fine || *options_.fine == 0) return;
    const auto grid = TimeGrid::parse("rho(7)").times(source_.process, *options_.fine);
    ends_ = follow(rho_runge_kutta_plan(source_.process, grid, "rk4"), source_.model, source_.process,
                   starts_.leftCols(findings.main.points.cols()), {context_.seed});
  }

  void judge(SampledArm& arm) const {
    if (ends_.size() > 0 && ends_.cols() == arm.points.cols()) {
      const Eigen::VectorXd distance = (arm.points - ends_).colwise().norm();
      std::vector<double> sorted(distance.begin(), distance.end());
      const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
      std::nth_element(sorted.begin(), middle, sorted.end());
      arm.rms = std::sqrt(distance.squaredNorm() / static_cast<double>(distance.size()));
      arm.median = *middle / std::sqrt(static_cast<double>(arm.points.rows()));
    }
    arm.truth = distances(arm.points);
  }

  SampleDistances distances(const MatrixXd& points) const {
    SampleDistances to;
    if (exact_.size() == 0 || points.cols() < 2) return to;
    to.sliced =
        sliced_wasserstein(first(points, most_for_sliced), first(exact_, most_for_sliced), 128, Seed{1});
    to.energy = energy_distance(first(points, most_for_energy), first(exact_, most_for_energy));
    to.mmd = squared_mmd(first(points, most_for_mmd), first(exact_, most_for_mmd));
    if (features_)
      to.frechet = frechet_distance(moments_of(features_(points)), moments_of(features_(exact_)));
    if (!source_.mixture) return to;
    if (source_.mixture->components() > 1)
      to.modes = total_variation(nearest_mean_shares(points, source_.mixture->means),
                                 nearest_mean_shares(exact_, source_.mixture->means));
    if (stats::MixtureDensity::proper(*source_.mixture))
      to.log_density = stats::MixtureDensity(*source_.mixture)
                           .log_density({first(points, most_for_sliced), {}, {}})
                           .mean();
    return to;
  }

  void others(SampleFindings& findings) {
    std::vector<std::string> names = options_.compare;
    std::vector<std::int64_t> counts = options_.sweep;
    if (names.empty() && counts.empty()) return;
    if (options_.schedule.empty() || !counts.empty()) names.insert(names.begin(), options_.solver.solver);
    if (counts.empty()) counts.push_back(findings.main.nfe / source_.model.cost);
    const MatrixXd starts = starts_.leftCols(findings.main.points.cols());
    for (const std::string& name : names)
      for (const std::int64_t nfe : counts) {
        SolverOptions solver = options_.solver;
        solver.solver = name;
        solver.nfe = nfe;
        if (name != options_.solver.solver) solver.order.reset();
        if (name == "ode45" && nfe != counts.front()) continue;  // it takes the evaluations that it needs
        findings.others.push_back(other_arm(solver, starts));
      }
  }

  SampledArm other_arm(const SolverOptions& solver, const MatrixXd& starts) const {
    SampledArm arm;
    arm.name = solver.solver;
    if (is_steered(solver.solver)) {
      arm.points.resize(starts.rows(), starts.cols());
      const SteeredCounts counts = steered_of(solver).run(starts, context_.seed, 0, arm.points);
      arm.nfe = std::llround(static_cast<double>(counts.calls) / static_cast<double>(starts.cols()));
    } else {
      const Plan plan = plan_of(solver);
      arm.nfe = plan.evaluations() * source_.model.cost;
      arm.points = follow(plan, source_.model, source_.process, starts, {context_.seed});
    }
    judge(arm);
    arm.points.resize(0, 0);
    return arm;
  }

  // True samples besides the reference, as many as were drawn; none where there is no source of them.
  MatrixXd other_true_samples(Index count) {
    if (exact_.cols() < 2) return {};
    if (!options_.floor.empty()) {
      if (options_.reference.empty())
        throw InvalidInput("diffusion.sample: floor needs a reference, another file of true samples");
      MatrixXd points = true_samples(options_.floor);
      if (points.cols() < count)
        throw InvalidInput("{}: {} points, the noise floor of {} draws needs as many", options_.floor,
                           points.cols(), count);
      return points.leftCols(count);
    }
    if (!source_.mixture || !options_.reference.empty()) return {};
    return draw_mixture(*source_.mixture, exact_.cols(), context_.seed, lane("diffusion.floor"));
  }

  // The same statistics between two true samples.
  void floors(SampleFindings& findings) {
    const MatrixXd other = other_true_samples(findings.main.points.cols());
    if (other.cols() < 2) return;
    findings.floor = distances(other);
  }

  const SampleOptions& options_;
  TaskContext& context_;
  ModelSource source_;
  Features features_;
  MatrixXd starts_, ends_, exact_;
  std::vector<std::string> notes_;
};

Report run_sample(const SampleOptions& options, TaskContext& context) {
  Sampler sampler(options, context);
  return sample_report(sampler.run());
}

}  // namespace

void SampleOptions::describe(OptionTable& table) {
  model.describe(table);
  table.add("solver", solver.solver, "how the grid is walked").choices(sampler_names());
  table.add("nfe", solver.nfe, "evaluations of the network a point").range(1, 100000);
  table.add("order", solver.order, "of a multistep solver; default 3 from ten steps on, 2 from six, else 1")
      .range(0, 4);
  table.add("grid", grid,
            "times: power_t(p), rho(p), log_rho, cosine, leading, trailing or any schedule from T to t0");
  table.add("schedule", schedule,
            "file of a solver schedule or a step list (`lehr diffusion search` writes both); takes the place "
            "of solver, nfe and grid");
  table.add("tableau", solver.tableau, "deis_rho_rk: the Runge-Kutta method").choices(runge_kutta_names());
  table.add("runge_kutta_start", solver.runge_kutta_start,
            "multistep solvers: first steps by rk4 (more evaluations)");
  table.add("eta", solver.eta, "ddim: share of the ancestral noise").range(0, 1);
  table.add("rtol", solver.adaptive.rtol, "ode45: error allowed a step, relative").above(0);
  table.add("atol", solver.adaptive.atol, "ode45: the same, absolute, in x / a").above(0);
  table
      .add("signal_to_noise", solver.corrector.signal_to_noise, "langevin_pc: ratio of the corrector's moves")
      .above(0);
  table
      .add("corrector_moves", solver.corrector.corrector_moves,
           "langevin_pc: moves at each level, an evaluation each")
      .range(0, 1000);
  table.add("clip", clip, "range of clean values, such as -1 1: predictions outside are clipped");
  table.add("count", count, "points to draw").range(1, 1e8);
  table.add("starts", starts,
            "file of starting points at T; with twice the coordinates also their known ends");
  table
      .add("fine", fine,
           "steps of a fine solve from the same starts, to measure the truncation error (0: none)")
      .range(0, 1e6);
  table.add("reference", reference,
            "file of true samples; default: exact draws where the model is a mixture");
  table.add("reference_map", reference_map, "factor and shift of the reference's numbers");
  table.add("floor", floor,
            "file of other true samples: the distances of its first `count` points to the reference are the "
            "noise floor");
  table.add("bytes", bytes, byte_scale_help).choices(byte_scale_names());
  table.add("features", features, features_help);
  table.add("compare", compare, "other solvers from the same starts").choices(sampler_names());
  table.add("sweep", sweep, "numbers of evaluations to compare at");
  table
      .add("images", images,
           "width of an image, where points are images row by row: a sheet of the first hundred, -1 black, 1 "
           "white")
      .range(1, 4096);
  table.add("save", save, "file for the points: .npy, .npz, .csv or .safetensors");
}

Task diffusion_sample_task() {
  return make_task<SampleOptions>(
      "diffusion.sample", "", "samples of a diffusion model in few evaluations",
      "Takes points from the prior to the data by the probability-flow ODE or the reverse SDE of an exact "
      "Gaussian mixture, of a network or of a program of yours. "
      "Every solver is a list of linear steps on a time grid, and the grid is a schedule: --grid takes a "
      "family or any schedule's text, "
      "--schedule a file with a decision per step (what is predicted, order, points of the derivatives, "
      "scaling, corrector). --fine "
      "measures the truncation error against a fine solve from the same starts; distances to true samples "
      "come with their noise floor.",
      {"lehr diffusion sample mixture.json --nfe 10 --save x.npy",
       "lehr diffusion sample net.safetensors --solver deis_tab --order 3 --grid \"power_t(2)\" --nfe 10 "
       "--count 1000",
       "lehr diffusion sample --worker.command \"python3 my_score.py\" --nfe 10 --save x.npy",
       "lehr diffusion sample mixture.json --solver ode45 --rtol 1e-7 --atol 1e-7",
       "lehr diffusion sample mixture.json --fine 1000 --compare ddim heun2 --sweep 5 10 20 50",
       "lehr diffusion sample mixture.json --schedule schedule.json --starts starts.csv"},
      run_sample);
}

}  // namespace lehr::command
