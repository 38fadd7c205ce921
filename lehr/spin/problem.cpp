#include "lehr/spin/problem.hpp"

#include <utility>

namespace lehr::spin {

const char* name(ProblemKind kind) {
  switch (kind) {
    case ProblemKind::ising:
      return "ising";
    case ProblemKind::qubo:
      return "qubo";
    case ProblemKind::max_cut:
      return "max_cut";
    case ProblemKind::polynomial:
      return "polynomial";
  }
  return "";
}

Problem max_cut_problem(Index vertices, std::span<const Coupling> weights) {
  Problem problem;
  problem.kind = ProblemKind::max_cut;
  problem.ising = IsingModel(std::vector<double>(static_cast<std::size_t>(vertices)), weights);
  double total = 0;
  for (const Coupling& edge : weights) total += edge.weight;
  problem.scale = -0.5;
  problem.shift = 0.5 * total;
  return problem;
}

Problem qubo_problem(std::vector<double> linear, std::span<const Coupling> quadratic, double constant,
                     bool maximise) {
  const double sign = maximise ? -1 : 1;
  double offset = constant;
  for (double& value : linear) {
    offset += value / 2;
    value *= sign / 2;
  }
  std::vector<Coupling> couplings(quadratic.begin(), quadratic.end());
  const auto in_range = [&](Index i) { return i >= 0 && static_cast<std::size_t>(i) < linear.size(); };
  for (auto& [i, j, weight] : couplings) {
    offset += weight / 4;
    weight *= sign / 4;
    if (!in_range(i) || !in_range(j)) continue;  // the model refuses it
    linear[static_cast<std::size_t>(i)] += weight;
    linear[static_cast<std::size_t>(j)] += weight;
  }
  Problem problem;
  problem.kind = ProblemKind::qubo;
  problem.ising = IsingModel(std::move(linear), couplings, sign * offset);
  problem.scale = sign;
  return problem;
}

Problem ising_problem(IsingModel model) {
  Problem problem;
  problem.ising = std::move(model);
  return problem;
}

Problem polynomial_problem(PolynomialModel model) {
  Problem problem;
  if (model.max_order() <= 2) {
    problem.kind = model.vartype() == Vartype::binary ? ProblemKind::qubo : ProblemKind::ising;
    problem.ising = model.to_ising();
  } else {
    problem.kind = ProblemKind::polynomial;
    problem.polynomial = std::make_shared<const PolynomialModel>(std::move(model));
  }
  return problem;
}

}  // namespace lehr::spin
