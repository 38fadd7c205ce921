#include "lehr/spin/quantum_rings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/best_states.hpp"

namespace lehr::spin {
namespace {

using kernels::lanes;

constexpr std::int64_t cores = 4;  // for which the layout is chosen

std::int64_t blocks_of(std::int64_t reads, int group) {
  const auto per_block = static_cast<std::int64_t>(lanes) / group;
  return (reads + per_block - 1) / per_block;
}

// The lanes of a read that make a sweep shortest; the fewest of equally good numbers.
int best_group(std::int64_t reads, std::int64_t slices) {
  int best = 1;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (const int group : {1, 2, 4, 8, 16}) {
    if (slices % group != 0 || (group > 1 && slices / group < 2)) continue;
    const std::int64_t rows = (blocks_of(reads, group) + cores - 1) / cores * (slices / group);
    if (rows < least) best = group, least = rows;
  }
  return best;
}

}  // namespace

QuantumRings::QuantumRings(std::shared_ptr<const ReadModel> model, std::int64_t reads, std::int64_t slices,
                           Seed seed)
    : model_(std::move(model)),
      reads_(reads),
      slices_(slices),
      group_(best_group(reads, slices)),
      slabs_(slices / group_),
      blocks_(static_cast<std::size_t>(blocks_of(reads, group_))) {
  const std::size_t numbers = static_cast<std::size_t>(slabs_) * stride();
  parallel_for(static_cast<std::int64_t>(blocks_.size()), [&](std::int64_t b) {
    Block& block = blocks_[static_cast<std::size_t>(b)];
    in_bytes() ? block.bytes.resize(numbers) : block.floats.resize(numbers);
  });
  // Lanes that no read fills are rings, too.
  const auto per_block = static_cast<std::int64_t>(lanes) / group_;
  parallel_for(static_cast<std::int64_t>(blocks_.size()) * per_block, [&](std::int64_t read) {
    Spins spins(static_cast<std::size_t>(size()));
    for (std::int64_t k = 0; k < slices_; ++k) {
      Stream random = read_stream(Stream(seed, lane("spin.rings"), 0), read * slices_ + k);
      randomise(spins, random);
      put(place(read, k), spins);
    }
  });
}

std::size_t QuantumRings::stride() const {
  return (in_bytes() ? 2 * static_cast<std::size_t>(size()) + 1 : static_cast<std::size_t>(size())) * lanes;
}

std::size_t QuantumRings::row(Index spin) const {
  const auto at = static_cast<std::size_t>(spin);
  return model_->row_of_.empty() ? at : static_cast<std::size_t>(model_->row_of_[at]);
}

QuantumRings::Place QuantumRings::place(std::int64_t read, std::int64_t slice) const {
  const auto per_block = static_cast<std::int64_t>(lanes) / group_;
  return {.block = static_cast<std::size_t>(read / per_block),
          .slab = static_cast<std::size_t>(slice % slabs_),
          .lane = static_cast<std::size_t>(read % per_block * group_ + slice / slabs_)};
}

void QuantumRings::put(const Place& place, std::span<const std::int8_t> spins) {
  Block& block = blocks_[place.block];
  const std::size_t first = place.slab * stride() + place.lane;
  const std::size_t to_negative = static_cast<std::size_t>(size()) * lanes;
  for (Index i = 0; i < size(); ++i) {
    const std::int8_t spin = spins[static_cast<std::size_t>(i)];
    const std::size_t at = first + row(i) * lanes;
    if (in_bytes())
      block.bytes[at] = spin, block.bytes[at + to_negative] = static_cast<std::int8_t>(-spin);
    else
      block.floats[at] = spin;
  }
}

Spins QuantumRings::spins(std::int64_t read, std::int64_t slice) const {
  const Place at = place(read, slice);
  const Block& block = blocks_[at.block];
  const std::size_t first = at.slab * stride() + at.lane;
  Spins found(static_cast<std::size_t>(size()));
  for (Index i = 0; i < size(); ++i)
    found[static_cast<std::size_t>(i)] = in_bytes()
                                             ? block.bytes[first + row(i) * lanes]
                                             : static_cast<std::int8_t>(block.floats[first + row(i) * lanes]);
  return found;
}

std::vector<double> QuantumRings::energies() const {
  const auto blocks = static_cast<std::int64_t>(blocks_.size());
  std::vector<std::array<double, lanes>> twice(static_cast<std::size_t>(blocks * slabs_));
  parallel_for(blocks * slabs_, [&](std::int64_t k) {
    const Block& block = blocks_[static_cast<std::size_t>(k / slabs_)];
    const std::size_t first = static_cast<std::size_t>(k % slabs_) * stride();
    auto& found = twice[static_cast<std::size_t>(k)];
    if (in_bytes()) {
      std::array<std::int64_t, lanes> quanta{};
      kernels::energies_of_bytes(model_->byte_links(), block.bytes.data() + first, quanta);
      for (std::size_t l = 0; l < lanes; ++l) found[l] = static_cast<double>(quanta[l]) * model_->quantum_;
    } else {
      kernels::energies_of_floats(model_->float_links(), block.floats.data() + first, found);
    }
  });
  std::vector<double> energies;
  for (std::int64_t read = 0; read < reads_; ++read)
    for (std::int64_t k = 0; k < slices_; ++k) {
      const Place at = place(read, k);
      energies.push_back(model_->model().offset() +
                         0.5 * twice[at.block * static_cast<std::size_t>(slabs_) + at.slab][at.lane]);
    }
  return energies;
}

std::int64_t QuantumRings::equal_neighbours() const {
  return in_bytes() ? equal_pairs(&Block::bytes) : equal_pairs(&Block::floats);
}

template <class Numbers>
std::int64_t QuantumRings::equal_pairs(Numbers Block::*numbers) const {
  const auto blocks = static_cast<std::int64_t>(blocks_.size());
  return parallel_reduce(
      blocks * slabs_, 1, std::int64_t{0},
      [&](std::int64_t task, std::int64_t) {
        const Block& block = blocks_[static_cast<std::size_t>(task / slabs_)];
        const std::int64_t slab = task % slabs_, last = slabs_ - 1;
        const auto* const here = (block.*numbers).data() + static_cast<std::size_t>(slab) * stride();
        const auto* const next =
            (block.*numbers).data() + static_cast<std::size_t>(slab < last ? slab + 1 : 0) * stride();
        std::array<std::int32_t, lanes> products{};
        const auto add = [&](std::size_t at, std::size_t lane, std::size_t other) {
          products[lane] += static_cast<std::int32_t>(here[at + lane] * next[at + other]);
        };
        const auto group = static_cast<std::size_t>(group_);
        for (std::size_t at = 0; at < static_cast<std::size_t>(size()) * lanes; at += lanes)
          if (slab < last)
            for (std::size_t lane = 0; lane < lanes; ++lane) add(at, lane, lane);
          else  // a lane's ring goes on in the next
            for (std::size_t lane = 0; lane < lanes; ++lane)
              add(at, lane, lane / group * group + (lane + 1) % group);
        const auto used = static_cast<std::size_t>(used_lanes(block));
        const std::int64_t sum = std::accumulate(products.begin(), products.begin() + used, std::int64_t{0});
        return (static_cast<std::int64_t>(used) * size() + sum) / 2;
      },
      [](std::int64_t a, std::int64_t b) { return a + b; });
}

int QuantumRings::used_lanes(const Block& block) const {
  const std::int64_t before = (&block - blocks_.data()) * static_cast<std::int64_t>(lanes);
  return static_cast<int>(std::min<std::int64_t>(reads_ * group_ - before, lanes));
}
kernels::ByteRing QuantumRings::byte_ring(Block& block) const {
  return {model_->byte_links(), block.bytes.data(), stride(), slabs_, group_, used_lanes(block)};
}
kernels::FloatRing QuantumRings::float_ring(Block& block) const {
  return {model_->float_links(), block.floats.data(), stride(), slabs_, group_, used_lanes(block)};
}

kernels::RingAction QuantumRings::action(double beta, double coupling) const {
  const double joined = -std::expm1(-2 * coupling);
  return {.problem = static_cast<float>(2 * beta * (in_bytes() ? model_->quantum_ : 1)),
          .bond = static_cast<float>(2 * coupling),
          .join = static_cast<std::int32_t>(std::min(std::round(std::ldexp(joined, 31)), 0x1p31 - 1))};
}

// work(block, slab, words, begin, end) for the slabs `of` (of `slabs`) of every block and every part of the model,
// colour by colour, each colour in parallel.
template <class Work>
void QuantumRings::for_parts(std::int64_t slabs, std::span<const std::int64_t> of, std::uint64_t lane,
                             Seed seed, std::int64_t sweep, Work work) {
  const Stream stream(seed, lane, static_cast<std::uint64_t>(sweep));
  const auto blocks = static_cast<std::int64_t>(blocks_.size()), count = static_cast<std::int64_t>(of.size());
  const auto chunks = static_cast<std::int64_t>(model_->chunks_.size());
  std::int64_t first = 0;
  for (const std::size_t in_round : model_->rounds_) {
    const auto round = static_cast<std::int64_t>(in_round);
    parallel_for(blocks * count * round, [&](std::int64_t task) {
      const std::int64_t b = task / (count * round), chunk = first + task % round;
      const std::int64_t slab = of[static_cast<std::size_t>(task / round % count)];
      Stream random = stream.at_block(static_cast<std::uint64_t>((b * slabs + slab) * chunks + chunk));
      const kernels::Words words = {random(), random(), random(), random()};
      const Index begin = chunk == 0 ? 0 : model_->chunks_[static_cast<std::size_t>(chunk - 1)];
      work(blocks_[static_cast<std::size_t>(b)], slab, words, begin,
           model_->chunks_[static_cast<std::size_t>(chunk)]);
    });
    first += round;
  }
}

void QuantumRings::sweep_flips(double beta, double coupling, Seed seed, std::int64_t sweep) {
  // One slice has no neighbours: its bonds are those to itself, and cost nothing.
  if (slabs_ == 1) coupling = 0;
  const kernels::RingAction action = this->action(beta, coupling);
  const bool by_thresholds =
      in_bytes() && model_->wide_.empty() && model_->reach_ <= RingThresholds::max_reach;
  if (by_thresholds) thresholds_.set(2 * beta * model_->quantum_, 4 * coupling, model_->reach_);
  // No two slabs of a round are neighbours; the last of an odd number is next to slab 0.
  std::array<std::vector<std::int64_t>, 3> rounds;
  for (std::int64_t slab = 0; slab < slabs_; ++slab)
    rounds[slab > 0 && slab % 2 == 0 && slab + 1 == slabs_ ? 2 : static_cast<std::size_t>(slab % 2)]
        .push_back(slab);
  for (const auto& round : rounds)
    for_parts(slabs_, round, lane("spin.rings.flips"), seed, sweep,
              [&](Block& block, std::int64_t slab, const kernels::Words& words, Index begin, Index end) {
                if (by_thresholds)
                  kernels::sweep_slab(byte_ring(block), slab, thresholds_, words, begin, end);
                else if (in_bytes())
                  kernels::sweep_slab(byte_ring(block), slab, action, words, begin, end);
                else
                  kernels::sweep_slab(float_ring(block), slab, action, words, begin, end);
              });
}

void QuantumRings::sweep_clusters(double beta, double coupling, Seed seed, std::int64_t sweep) {
  if (slabs_ == 1) return;
  const kernels::RingAction action = this->action(beta, coupling);
  const std::int64_t whole = 0;
  for_parts(1, {&whole, 1}, lane("spin.rings.clusters"), seed, sweep,
            [&](Block& block, std::int64_t, const kernels::Words& words, Index begin, Index end) {
              AlignedVector<float> sums(static_cast<std::size_t>(slabs_) * lanes);
              std::vector<std::uint64_t> cuts(2 * static_cast<std::size_t>(slabs_));
              const kernels::RingScratch scratch{sums.data(), cuts.data(), cuts.data() + slabs_};
              if (in_bytes())
                kernels::sweep_clusters(byte_ring(block), action, words, scratch, begin, end);
              else
                kernels::sweep_clusters(float_ring(block), action, words, scratch, begin, end);
            });
}

std::vector<std::int8_t> QuantumRings::pack() const {
  std::vector<std::int8_t> packed;
  const auto per_block = static_cast<std::int64_t>(lanes) / group_;
  for (std::int64_t read = 0; read < static_cast<std::int64_t>(blocks_.size()) * per_block; ++read)
    for (std::int64_t k = 0; k < slices_; ++k) {
      const Spins slice = spins(read, k);
      packed.insert(packed.end(), slice.begin(), slice.end());
    }
  return packed;
}

void QuantumRings::unpack(std::span<const std::int8_t> spins) {
  const auto n = static_cast<std::size_t>(size());
  const auto rings = static_cast<std::int64_t>(blocks_.size() * lanes) / group_;
  if (spins.size() != static_cast<std::size_t>(rings * slices_) * n)
    throw InvalidInput("checkpoint: {} spins, but the run has {}", spins.size(),
                       static_cast<std::size_t>(rings * slices_) * n);
  for (std::int64_t slice = 0; slice < rings * slices_; ++slice)
    put(place(slice / slices_, slice % slices_), spins.subspan(static_cast<std::size_t>(slice) * n, n));
}

}  // namespace lehr::spin
