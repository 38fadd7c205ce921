// Any search behind one interface, for callers that evaluate points themselves (a study's [search] block):
//
//   AskTell search = make_search("cma-es", 6, Seed{1});
//   while (search.evaluations() < 200) {
//     const Eigen::MatrixXd points = search.ask();      // d x n, a point of the unit cube per column
//     search.tell(points, values_of(points));           // lower is better
//   }
//   search.best().point
#pragma once

#include <Eigen/Core>
#include <any>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lehr/core/json.hpp"
#include "lehr/core/random.hpp"
#include "lehr/core/state_io.hpp"
#include "lehr/evolve/search.hpp"

namespace lehr::evolve {

// A search and its state; a value: a copy goes on by itself.
class AskTell {
 public:
  template <Search S>
  AskTell(S search, Seed seed);

  // The points of this generation; asking again gives the same ones.
  Eigen::MatrixXd ask() const { return ask_(state_); }
  // The values of exactly these points, in their order; NaN and infinities are failed evaluations. Ends the
  // generation.
  void tell(const Eigen::Ref<const Eigen::MatrixXd>& points, std::span<const double> values) {
    tell_(state_, points, values);
  }
  // The search sees no further progress; it may be asked on nevertheless.
  bool finished() const { return finished_(state_); }
  const Best& best() const { return best_(state_); }
  std::int64_t evaluations() const { return evaluations_(state_); }

  // The state as tensors, and back: the search goes on bit for bit. Throws InvalidInput for another search's
  // tensors.
  StateTensors save() const { return save_(state_); }
  void load(const StateTensors& tensors) { load_(state_, tensors); }

 private:
  std::any state_;
  std::function<Eigen::MatrixXd(const std::any&)> ask_;
  std::function<void(std::any&, const Eigen::Ref<const Eigen::MatrixXd>&, std::span<const double>)> tell_;
  std::function<bool(const std::any&)> finished_;
  std::function<const Best&(const std::any&)> best_;
  std::function<std::int64_t(const std::any&)> evaluations_;
  std::function<StateTensors(const std::any&)> save_;
  std::function<void(std::any&, const StateTensors&)> load_;
};

// The search called "cma-es" or "random" in the unit cube of `dimension`; `options` as described by
// CmaEsOptions or RandomSearchOptions. Throws InvalidInput, naming the nearest known method or option;
// `where` starts the message.
AskTell make_search(std::string_view method, Eigen::Index dimension, Seed seed,
                    const Json& options = Json::object(), std::string_view where = "search");

// The names that make_search knows.
std::vector<std::string> search_methods();

template <Search S>
AskTell::AskTell(S search, Seed seed) : state_(search.start(seed)) {
  using State = typename S::State;
  const auto in = [](const std::any& state) -> const State& { return std::any_cast<const State&>(state); };
  ask_ = [search, in](const std::any& state) { return search.ask(in(state)); };
  tell_ = [search](std::any& state, const Eigen::Ref<const Eigen::MatrixXd>& points,
                   std::span<const double> values) {
    search.tell(std::any_cast<State&>(state), points, values);
  };
  finished_ = [search, in](const std::any& state) { return search.finished(in(state)); };
  best_ = [in](const std::any& state) -> const Best& { return in(state).best; };
  evaluations_ = [in](const std::any& state) { return in(state).evaluations; };
  save_ = [search, in](const std::any& state) {
    StateWriter writer;
    search.fields(writer, in(state));
    return std::move(writer.tensors);
  };
  load_ = [search](std::any& state, const StateTensors& tensors) {
    State loaded;
    StateReader reader(tensors);
    search.fields(reader, loaded);
    static_cast<void>(search.ask(loaded));  // refuses a state of another dimension
    state = std::move(loaded);
  };
}

}  // namespace lehr::evolve
