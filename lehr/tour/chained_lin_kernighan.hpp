// Chained Lin-Kernighan (Martin, Otto and Felten 1991; Applegate, Cook and Rohe 2003, "Chained Lin-Kernighan for large travelling
// salesman problems"): sequential exchanges of several edges, then kick after kick as in iterated_local_search.hpp.
//
// An exchange t_1 ... t_2k removes (t_1 t_2), adds (t_2 t_3), removes (t_3 t_4) and so on; t_2i+1 is among the candidates of t_2i and the
// sum of what was removed less what was added stays positive (the gain criterion of Lin and Kernighan 1973). At each level the most
// promising continuations are followed, as many as `breadth` says; t_2i+2 is either neighbour of t_2i+1, so what cannot be closed at one
// level may be at the next. Nothing is turned round while searching: whether an exchange leaves one tour is told from the positions
// of its cut edges alone (Helsgaun 2009, "General k-opt submoves", section 4.2), and only when it would shorten the tour. The step is
// not that of Applegate, Cook and Rohe, who follow one continuation 50 levels deep and add the moves of Mak and Morton.
//
// The default temperature falls to 0 over the run: longer tours are accepted early, none at the end.
// Fewer than 8 cities: all tours are tried.
#pragma once

#include <vector>

#include "lehr/tour/kicked_search.hpp"
#include "lehr/tour/sequential_moves.hpp"

namespace lehr::tour {

KickOptions annealed_kicks();

struct ChainedLinKernighanOptions {
  KickOptions kicks = annealed_kicks();  // temperature linear(from=1, to=0)
  // Continuations at the second, third, ... added edge; exchanges have up to breadth.size() + 2 edges.
  std::vector<std::int64_t> breadth = {3};

  void describe(OptionTable& table);
};

class ChainedLinKernighan : public KickedSearch {
 public:
  // As OrOpt. Throws InvalidInput for options out of range.
  ChainedLinKernighan(const Instance& instance, const Neighbours& neighbours,
                      const ChainedLinKernighanOptions& options = {}, const Order& initial = {});

  // Up to 2000 cities of the first descent, then options.kicks.kicks kicks, each of which spends one evaluation.
  void advance(State& state, const Moment& now) const;

 private:
  Breadth breadth_;
};

}  // namespace lehr::tour
