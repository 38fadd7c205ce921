#include "apps/lehr/diffusion/interpolant_bridge.hpp"

#include <cmath>

#include "apps/lehr/diffusion/law_source.hpp"
#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/interpolant/interpolant_bridge.hpp"

namespace lehr::command {

using namespace diffusion;
using Eigen::VectorXd;

namespace {

struct InterpolantBridgeOptions {
  std::string laws, from, to, save;
  std::optional<double> from_deviation, to_deviation;
  double epsilon = 0.5;
  std::int64_t draws = 400, times = 24, iterations = 60, components = 0;

  void describe(OptionTable& table) {
    table.add("laws", laws, "json file with two mixtures, rho0 (at t = 0) and rho1 (at t = 1)").positional();
    table.add("from", from, "rho0: a mixture (json), or a file of points, to which one is fitted");
    table.add("to", to, "rho1: the same");
    table.add("from_deviation", from_deviation, "rho0 = N(0, deviation^2) in place of a file").above(0);
    table.add("to_deviation", to_deviation, "rho1 = N(0, deviation^2) in place of a file").above(0);
    table.add("epsilon", epsilon, "noise level of the reference process sqrt(2 epsilon) dW").above(0);
    table.add("draws", draws, "mixtures: draws that stand for the expectation").range(2, 1e6);
    table.add("times", times, "mixtures: Gauss-Legendre nodes in t").range(2, 500);
    table.add("iterations", iterations, "mixtures: most iterations of L-BFGS").range(1, 10000);
    table
        .add("components", components,
             "components of the mixtures fitted to points; 0: the number of 1 to 8 with the lowest BIC")
        .range(0, 1000);
    table.add("save", save, "json file for the path, which diffusion.transport takes as --interpolant");
  }
};

LawSource one_law(const InterpolantBridgeOptions& options, const std::string& file,
                  const std::optional<double>& deviation, const char* key, const TaskContext& context) {
  const int given = int{!options.laws.empty()} + int{!file.empty()} + int{deviation.has_value()};
  if (given != 1)
    throw InvalidInput(
        "diffusion.interpolant_bridge: give {} once: in the file of both laws, as a file, or by its "
        "deviation",
        key);
  if (!options.laws.empty()) return read_law_at(context.resolve(options.laws), key);
  if (!file.empty()) return read_law(context.resolve(file), options.components, context.seed);
  LawSource law;
  law.mixture = standard_normal(1);
  law.mixture.covariances(0, 0) = *deviation * *deviation;
  return law;
}

Figure energy_figure(const BridgeFit& fit) {
  Figure figure;
  figure.name = "energy", figure.title = "Kinetic energy while the path is optimised",
  figure.x.label = "iteration", figure.y.label = "int E|b_F|^2 dt";
  Series line;
  for (std::size_t i = 0; i < fit.trace.size(); ++i)
    line.x.push_back(static_cast<double>(i)), line.y.push_back(fit.trace[i]);
  figure.series.push_back(line);
  if (std::isfinite(fit.exact_kinetic)) {
    Series exact;
    exact.label = "the bridge", exact.style = Series::Style::dashed;
    exact.x = {line.x.front(), line.x.back() + 1e-9}, exact.y = {fit.exact_kinetic, fit.exact_kinetic};
    figure.series.push_back(std::move(exact));
  }
  return figure;
}

Figure path_figure(const Interpolant& interpolant) {
  Figure figure;
  figure.name = "path", figure.title = "The path", figure.x.label = "t",
  figure.y.label = "alpha, beta, gamma";
  Series alpha, beta, gamma;
  alpha.label = "alpha", beta.label = "beta", gamma.label = "gamma";
  for (int i = 0; i <= 100; ++i) {
    const PathPoint p = interpolant.at(i / 100.0);
    for (const auto& [series, value] :
         {std::pair{&alpha, p.alpha}, std::pair{&beta, p.beta}, std::pair{&gamma, p.gamma}})
      series->x.push_back(i / 100.0), series->y.push_back(value);
  }
  figure.series = {alpha, beta, gamma};
  return figure;
}

// Largest relative difference of the path's variance from the bridge's.
double variance_difference(const GaussianEnds& ends, double epsilon, const Interpolant& interpolant) {
  double largest = 0;
  for (int i = 0; i <= 100; ++i) {
    const PathPoint p = interpolant.at(i / 100.0);
    const double v =
        p.alpha * p.alpha * ends.variance0 + p.beta * p.beta * ends.variance1 + p.gamma * p.gamma;
    largest = std::max(largest, std::abs(v / gaussian_bridge_variance(ends, epsilon, i / 100.0) - 1));
  }
  return largest;
}

Report run_interpolant_bridge(const InterpolantBridgeOptions& options, TaskContext& context) {
  const LawSource from = one_law(options, options.from, options.from_deviation, "rho0", context);
  const LawSource to = one_law(options, options.to, options.to_deviation, "rho1", context);
  const stats::GaussianMixture &a = from.mixture, &b = to.mixture;
  const bool gaussian =
      a.components() == 1 && b.components() == 1 && a.dimension() == 1 && b.dimension() == 1;
  const GaussianEnds ends{.mean0 = a.means(0, 0),
                          .variance0 = a.covariances(0, 0),
                          .mean1 = b.means(0, 0),
                          .variance1 = b.covariances(0, 0)};
  const BridgeFit fit = gaussian ? gaussian_bridge(ends, options.epsilon)
                                 : mixture_bridge(a, b,
                                                  {.epsilon = options.epsilon,
                                                   .draws = options.draws,
                                                   .times = static_cast<int>(options.times),
                                                   .iterations = static_cast<int>(options.iterations)},
                                                  context.seed);
  const Interpolant interpolant = bridge_interpolant(fit.coefficients);
  Report report;
  report.title = "The path of least kinetic energy";
  report.metric("kinetic_energy", fit.kinetic);
  report.metric("first_kinetic_energy", fit.first_kinetic);
  report.metric("iterations", fit.iterations);
  report.metric("evaluations", fit.evaluations);
  if (gaussian) {
    report.metric("exact_kinetic_energy", fit.exact_kinetic);
    report.metric("variance_difference", variance_difference(ends, options.epsilon, interpolant));
  } else {
    report.notes.push_back(
        "The coupling of the two laws stays independent, so this is the best of these paths, not the bridge "
        "itself.");
  }
  for (const LawSource* law : {&from, &to})
    if (!law->note.empty()) report.notes.push_back(law->note);
  Table table{.title = "Coefficients", .columns = {"of", "value"}, .rows = {}, .formats = {"", ".8g"}};
  const char* names[] = {"alpha: sin(pi t)",       "alpha: sin(2 pi t)", "beta: sin(pi t)",
                         "beta: sin(2 pi t)",      "log gamma^2: 1",     "log gamma^2: 2t - 1",
                         "log gamma^2: (2t - 1)^2"};
  Json list = Json::array();
  for (Eigen::Index i = 0; i < fit.coefficients.size(); ++i) {
    table.rows.push_back({names[i], json_number(fit.coefficients[i])});
    list.push_back(json_number(fit.coefficients[i]));
  }
  report.tables.push_back(std::move(table));
  report.figures = {energy_figure(fit), path_figure(interpolant)};
  const std::string text = Json{{"coefficients", list}, {"epsilon", options.epsilon}}.dump(1) + "\n";
  report.artifacts.push_back({"interpolant", "json", text, ""});
  if (!options.save.empty()) write_file_atomically(context.resolve(options.save), text);
  return report;
}

}  // namespace

Task diffusion_interpolant_bridge_task() {
  return make_task<InterpolantBridgeOptions>(
      "diffusion.interpolant_bridge", "", "the interpolant of least kinetic energy between two laws",
      "Optimises seven coefficients of alpha, beta and gamma so that the forward drift b + epsilon s moves "
      "as little as possible. Between "
      "Gaussians on the line that drift is the Schroedinger bridge's, which the report compares with its "
      "closed form.",
      {"lehr diffusion interpolant_bridge --from_deviation 1 --to_deviation 2 --epsilon 0.5",
       "lehr diffusion interpolant_bridge laws.json --epsilon 0.5 --save path.json"},
      run_interpolant_bridge);
}

}  // namespace lehr::command
