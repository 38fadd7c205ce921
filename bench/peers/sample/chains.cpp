// One chain (or several) of a kernel on a target, timed: compare.py runs this beside the same algorithm in NumPy.
//   sample_chains TARGET KERNEL STEP ITERATIONS CHAINS FILE      TARGET: gaussian | schools    KERNEL: hmc | random_walk
// STEP 0 finds one by dual averaging. Draws go to FILE as doubles, draw after draw; a line of JSON says step and seconds of processor time.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>

#include "lehr/core/drive.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/sample/gaussian_density.hpp"
#include "lehr/sample/hmc.hpp"
#include "lehr/sample/mcmc.hpp"
#include "lehr/sample/model/model.hpp"
#include "lehr/sample/random_walk.hpp"

namespace {

using namespace lehr;
using namespace lehr::sample;

// 100 variables with standard deviations from 1/2 to 2, each correlated with its neighbours by 0.5^|i - j|.
LogDensity correlated_gaussian() {
  Eigen::MatrixXd covariance(100, 100);
  for (Eigen::Index i = 0; i < 100; ++i)
    for (Eigen::Index j = 0; j < 100; ++j) {
      const auto sd = [](Eigen::Index k) { return 0.5 + 1.5 * static_cast<double>(k) / 99; };
      covariance(i, j) = sd(i) * sd(j) * std::pow(0.5, std::abs(static_cast<double>(i - j)));
    }
  return gaussian_density(Eigen::VectorXd::Zero(100), covariance);
}

LogDensity eight_schools() {
  const char* const text = R"json({
    "data": {"y": [28, 8, -3, 7, -1, 1, 18, 12], "sigma": [15, 10, 16, 11, 9, 11, 10, 18]},
    "parameters": {"mu": "normal(0, 5)", "tau": "half_cauchy(5)", "eta": {"prior": "normal(0, 1)", "size": 8}},
    "define": {"theta": "mu + tau * eta"},
    "model": {"y": "normal(theta, sigma)"}})json";
  return Model(parse_json(text, "schools"), "schools").log_density();
}

template <class Kernel>
void run(const LogDensity& target, Kernel kernel, double step, std::int64_t iterations, std::int64_t chains,
         const std::string& file) {
  McmcOptions options{.chains = chains,
                      .warm_up = step > 0 ? 200 : 2000,
                      .iterations = iterations,
                      .metric = "identity",
                      .block = 1000};
  if (step > 0) options.step = Schedule(step);
  const Mcmc<Kernel> method(target, kernel, Eigen::VectorXd::Zero(target.dimension), options);
  const auto begin = std::clock();
  const auto result = drive(method, Budget::steps(method.steps()), Seed{1});
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  const Draws draws = method.draws(result.state);
  std::ofstream out(file, std::ios::binary);
  out.write(reinterpret_cast<const char*>(draws.values.data()),
            static_cast<std::streamsize>(sizeof(double)) * draws.values.size());
  fmt::print("{{\"step\": {}, \"seconds\": {}, \"iterations\": {}, \"acceptance\": {}}}\n",
             step > 0 ? step : *result.last.find("step"), seconds, options.warm_up + iterations,
             *result.last.find("acceptance"));
}

}  // namespace

int main(int count, char** words) {
  if (count != 7) return 2;
  const std::string target_name = words[1], kernel = words[2], file = words[6];
  const double step = std::atof(words[3]);
  set_threads(1);
  const LogDensity target = target_name == "gaussian" ? correlated_gaussian() : eight_schools();
  if (kernel == "hmc")
    run(target, Hmc(16), step, std::atoll(words[4]), std::atoll(words[5]), file);
  else
    run(target, RandomWalk(target.dimension), step, std::atoll(words[4]), std::atoll(words[5]), file);
}
