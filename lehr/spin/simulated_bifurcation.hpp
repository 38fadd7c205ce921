// Simulated bifurcation: n classical nonlinear oscillators (position x, momentum y) whose equilibrium at 0
// splits in two while the pump a(t) grows; the signs of x are the spins.
//
//   y_i' = -(a0 - a(t)) x_i + c0 F_i,   x_i' = a0 y_i,   F_i = -sum_j J_ij g_j,   a0 = 1
//   adiabatic  g = x,      another -x_i^3 in y_i'                            (Goto, Tatsumura and Dixon 2019)
//   ballistic  g = x,      walls: where |x_i| > 1, x_i = sign x_i, y_i = 0   (Goto et al. 2021)
//   discrete   g = sign x, the same walls                                    (Goto et al. 2021)
//
// integrated by the symplectic Euler rule with step dt: y first, then x. c0 = 0.5 / (sqrt(n) rms(J)) unless
// given. External fields are couplings to one more oscillator, whose sign is divided out of the spins.
//
// `reads` runs go side by side in single precision; every `period` steps and at the end of a step budget their
// signs are compared with the lowest state of each. A step costs O(couplings) per read. Runs on machines with
// and without fused multiply-add differ in the last bits, and so in course.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lehr/core/moment.hpp"
#include "lehr/core/options.hpp"
#include "lehr/core/row.hpp"
#include "lehr/schedule/schedule.hpp"
#include "lehr/spin/best_states.hpp"
#include "lehr/spin/ising_model.hpp"

namespace lehr::spin {

struct SimulatedBifurcationOptions {
  std::string variant = "discrete";
  std::int64_t reads = 128;
  Schedule pump = Schedule::parse("linear(from=0, to=1)");
  double dt = 0;
  double coupling = 0;
  std::int64_t period = 10;
  bool descent = true;

  void describe(OptionTable& table) {
    table.add("variant", variant, "aSB, bSB or dSB of the literature")
        .choices({"adiabatic", "ballistic", "discrete"});
    table.add("reads", reads, "runs side by side; a multiple of 32 wastes nothing").range(1, 1e6);
    table.add("pump", pump, "a(t), from below the bifurcation to a0 = 1");
    table.add("dt", dt, "time step; 0: 1, or 0.5 for the adiabatic variant").range(0, 2);
    table.add("coupling", coupling, "c0; 0: 0.5 / (sqrt(n) rms(J))").at_least(0);
    table.add("period", period, "steps between two looks at the signs").at_least(1);
    table.add("descent", descent, "solutions end in a steepest descent");
  }
};

class SimulatedBifurcation {
 public:
  struct State {
    std::vector<float> positions, momenta;  // batch of 32 reads after batch; in it oscillator x read
    BestStates best;
    double pump = 0;
  };

  // `model` must outlive this. Throws InvalidInput for options out of range.
  explicit SimulatedBifurcation(const IsingModel& model, SimulatedBifurcationOptions options = {});
  double coupling() const { return coupling_; }  // c0

  State start(const Moment& now) const;
  void advance(State& state, const Moment& now) const;  // spends one evaluation a read
  // pump; energy: the lowest so far; energy_mean: the mean of the reads' lowest
  void measure(const State& state, Row& row) const;
  // Each read's lowest state, after a descent where `descent` is set.
  SolutionPool solutions(const State& state) const;

  template <class Visitor>
  void fields(Visitor& visitor, State& state) const {
    visitor("positions", state.positions);
    visitor("momenta", state.momenta);
    state.best.fields(visitor, "best");
    visitor("pump", state.pump);
  }

 private:
  enum class Variant { adiabatic, ballistic, discrete };
  // A range of oscillators of one batch: what one task of a parallel loop works on.
  struct Block;
  void store_couplings();
  template <class Body>
  void for_blocks(Body body) const;
  void signs(const std::vector<float>& positions, std::vector<float>& values) const;
  void accumulate(const std::vector<float>& values, std::vector<float>& forces, const Block& block) const;
  void kick(State& state, const std::vector<float>& forces, const Block& block) const;
  void drift(State& state, const Block& block) const;
  void look(State& state, const Moment& now) const;
  void look_at_batch(State& state, const std::vector<float>& values, const std::vector<float>& forces,
                     std::int64_t number) const;

  const IsingModel* model_;
  SimulatedBifurcationOptions options_;
  Variant variant_;
  Index oscillators_;  // n, and one more where there are fields
  double coupling_ = 0, reach_ = 0;
  std::int64_t batches_ = 1, rows_per_block_ = 1;
  bool dense_ = false;
  std::size_t stride_ = 0;
  std::vector<float> matrix_;  // dense
  std::vector<std::int64_t> starts_;
  std::vector<Index> neighbours_;
  std::vector<float> weights_;  // sparse
};

}  // namespace lehr::spin
