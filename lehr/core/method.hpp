// The concept Method: the options of an algorithm and three functions. It owns no loop (drive does), never
// prints, reads a clock, opens a file, or holds a global.
#pragma once

#include <concepts>

#include "lehr/core/moment.hpp"
#include "lehr/core/row.hpp"

namespace lehr {

template <class M>
concept Method = requires(const M& method, typename M::State& state, const Moment& now) {
  { method.start(now) } -> std::same_as<typename M::State>;
  {method.advance(state, now)};
};

// Optional parts of a method, found by their presence:
//   bool finished(const State&) const          the run ends
//   void measure(const State&, Row&) const     adds named values to the row that observers and budgets see
//   void fields(auto& visitor, State&) const   visitor("name", state.field) for every field: makes
//   checkpoints possible
template <class M>
concept MethodWithEnd = Method<M> && requires(const M& method, const typename M::State& state) {
  { method.finished(state) } -> std::same_as<bool>;
};
template <class M>
concept MethodWithMeasure = Method<M> && requires(const M& method, const typename M::State& state, Row& row) {
  {method.measure(state, row)};
};

}  // namespace lehr
