// What a Marginal points to.
#pragma once

#include <string>
#include <variant>

#include "lehr/sample/marginal_families.hpp"

namespace lehr::sample {

struct Marginal::Node {
  std::variant<families::Normal, families::Lognormal, families::Uniform, families::Gamma, families::Weibull,
               families::Beta, families::StudentT, families::Truncated, families::Empirical>
      family;
  std::string text;
};

template <class Family>
Marginal Marginal::of(Family family, std::string text) {
  return Marginal(std::make_shared<const Node>(Node{std::move(family), std::move(text)}));
}

}  // namespace lehr::sample
