// A method of one's own in 30 lines: simulated annealing of a bumpy function of one variable, under any
// schedule.
//   ./anneal_a_function 'geometric(from=10, to=0.01)'
#include <fmt/format.h>

#include <cmath>
#include <lehr/core/drive.hpp>
#include <lehr/schedule/schedule.hpp>

// f(x) = x^2 / 20 + 1 - cos(3 x): many local minima, the global one at 0.
double bumpy(double x) { return x * x / 20 + 1 - std::cos(3 * x); }

struct Anneal {
  lehr::Schedule temperature;

  struct State {
    double x = 12, energy = bumpy(12);
  };
  State start(const lehr::Moment&) const { return {}; }
  void advance(State& state, const lehr::Moment& now) const {
    lehr::Stream random = now.random(lehr::lane("proposal"));
    const double x = state.x + lehr::normal(random), energy = bumpy(x);
    if (energy <= state.energy ||
        lehr::uniform(random) < std::exp((state.energy - energy) / temperature(now)))
      state = {x, energy};
  }
  void measure(const State& state, lehr::Row& row) const { row.add("energy", state.energy); }
};

int main(int count, char** words) try {
  const Anneal method{lehr::Schedule::parse(count > 1 ? words[1] : "geometric(from=10, to=0.01)")};
  const auto run = lehr::drive(method, lehr::Budget::steps(20000), lehr::Seed{1});
  fmt::print("x = {:.4f}, energy = {:.6f} after {} steps\n", run.state.x, run.state.energy, run.used.steps);
  return run.state.energy < 0.01 ? 0 : 1;
} catch (const lehr::Error& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 2;
}
