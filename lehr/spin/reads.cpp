#include "lehr/spin/reads.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"

namespace lehr::spin {

namespace {

using kernels::lanes;

constexpr std::int64_t refresh_period = 100;  // sweeps between exact recomputations of cached float fields

}  // namespace

// ---------------------------------------------------------------------------------------------------------

Reads::Reads(std::shared_ptr<const ReadModel> model, std::int64_t count, Seed seed)
    : model_(std::move(model)), count_(count) {
  if (count < 1) throw InvalidInput("reads: {} is not at least 1", count);
  const auto n = static_cast<std::size_t>(size());
  const std::int64_t per_block = reads_per_block();
  blocks_.resize(static_cast<std::size_t>((count + per_block - 1) / per_block));
  parallel_for(static_cast<std::int64_t>(blocks_.size()), [&](std::int64_t b) {
    Block& block = blocks_[static_cast<std::size_t>(b)];
    switch (model_->kernel()) {
      case Kernel::byte_lanes:
        block.bytes.resize((2 * n + 1) * lanes);
        break;
      case Kernel::float_lanes:
        block.floats.resize(n * lanes);
        break;
      case Kernel::byte_read:
        block.bytes.resize(padded(size())), block.byte_steps.resize(padded(size()));
        break;
      case Kernel::float_read:
        block.bytes.resize(padded(size())), block.float_cache.resize(padded(size()));
        break;
      case Kernel::dense_read:
        block.floats.resize(padded(size())), block.float_cache.resize(padded(size()));
        break;
    }
    // A word of 64 random bits a spin: one bit for each read of the block.
    Stream random(seed, lane("spin.reads"), static_cast<std::uint64_t>(b));
    for (Index i = 0; i < size(); ++i) {
      const std::uint64_t word = random();
      for (std::int64_t k = 0; k < per_block; ++k)
        put(block, i, static_cast<std::size_t>(k), (word >> k & 1) != 0 ? std::int8_t{1} : std::int8_t{-1});
    }
    refresh(block);
  });
}

std::size_t Reads::row(Index spin) const {
  const auto at = static_cast<std::size_t>(spin);
  return model_->row_of_.empty() ? at : static_cast<std::size_t>(model_->row_of_[at]);
}

std::int8_t Reads::get(const Block& block, Index spin, std::size_t lane) const {
  switch (model_->kernel()) {
    case Kernel::byte_lanes:
      return block.bytes[row(spin) * lanes + lane];
    case Kernel::float_lanes:
      return static_cast<std::int8_t>(block.floats[row(spin) * lanes + lane]);
    case Kernel::dense_read:
      return static_cast<std::int8_t>(block.floats[static_cast<std::size_t>(spin)]);
    default:
      return block.bytes[static_cast<std::size_t>(spin)];
  }
}

void Reads::put(Block& block, Index spin, std::size_t lane, std::int8_t value) const {
  const std::size_t at = row(spin) * lanes + lane;
  switch (model_->kernel()) {
    case Kernel::byte_lanes:
      block.bytes[at] = value;
      block.bytes[at + static_cast<std::size_t>(size()) * lanes] = static_cast<std::int8_t>(-value);
      break;
    case Kernel::float_lanes:
      block.floats[at] = value;
      break;
    case Kernel::dense_read:
      block.floats[static_cast<std::size_t>(spin)] = value;
      break;
    default:
      block.bytes[static_cast<std::size_t>(spin)] = value;
  }
}

Spins Reads::spins(std::int64_t read) const {
  const std::int64_t per_block = reads_per_block();
  const Block& block = blocks_[static_cast<std::size_t>(read / per_block)];
  Spins found(static_cast<std::size_t>(size()));
  for (Index i = 0; i < size(); ++i)
    found[static_cast<std::size_t>(i)] = get(block, i, static_cast<std::size_t>(read % per_block));
  return found;
}

void Reads::set(std::int64_t read, std::span<const std::int8_t> spins) {
  const std::int64_t per_block = reads_per_block();
  Block& block = blocks_[static_cast<std::size_t>(read / per_block)];
  for (Index i = 0; i < size(); ++i)
    put(block, i, static_cast<std::size_t>(read % per_block), spins[static_cast<std::size_t>(i)]);
  refresh(block);
}

void Reads::replace(std::span<const std::int64_t> ancestors) {
  const std::int64_t per_block = reads_per_block();
  parallel_for(static_cast<std::int64_t>(blocks_.size()), [&](std::int64_t b) {
    std::vector<Replacement> into;
    for (std::int64_t read = b * per_block; read < std::min(count_, (b + 1) * per_block); ++read)
      if (const std::int64_t from = ancestors[static_cast<std::size_t>(read)]; from != read)
        into.push_back({.lane = static_cast<std::size_t>(read % per_block),
                        .block = &blocks_[static_cast<std::size_t>(from / per_block)],
                        .block_lane = static_cast<std::size_t>(from % per_block)});
    replace(blocks_[static_cast<std::size_t>(b)], into);
  });
}

// No lane that is written here is read by anyone.
void Reads::replace(Block& block, std::span<const Replacement> into) const {
  if (into.empty()) return;
  if (!model_->in_lanes()) {
    block = *into.front().block;
    return;
  }
  const auto n = static_cast<std::size_t>(size());
  const bool bytes = model_->kernel() == Kernel::byte_lanes;
  for (std::size_t at = 0; at < n * lanes; at += lanes)
    for (const Replacement& from : into) {
      if (!bytes) {
        block.floats[at + from.lane] = from.block->floats[at + from.block_lane];
        continue;
      }
      const std::int8_t spin = from.block->bytes[at + from.block_lane];
      block.bytes[at + from.lane] = spin;
      block.bytes[n * lanes + at + from.lane] = static_cast<std::int8_t>(-spin);
    }
}

// Recomputes what the block caches from its spins.
void Reads::refresh(Block& block) const {
  const ReadModel& m = *model_;
  for (Index spin = 0; !m.in_lanes() && spin < size(); ++spin) {
    const auto i = static_cast<std::size_t>(spin);
    if (m.kernel() == Kernel::dense_read) {
      const float* const row = m.matrix_.data() + i * padded(size());
      double field = m.float_fields_[i];
      for (std::size_t j = 0; j < block.floats.size(); ++j)
        field += static_cast<double>(row[j] * block.floats[j]);
      block.float_cache[i] = static_cast<float>(field);
      continue;
    }
    double field = m.in_bytes() ? m.byte_fields_[i] : m.float_fields_[i];
    for (auto k = static_cast<std::size_t>(m.starts_[i]); k < static_cast<std::size_t>(m.starts_[i + 1]);
         ++k) {
      const double weight = m.in_bytes() ? m.byte_weights_[k] : m.float_weights_[k];
      field += weight * block.bytes[static_cast<std::size_t>(m.neighbours_[k])];
    }
    if (m.in_bytes())
      block.byte_steps[i] = static_cast<std::int8_t>(-block.bytes[i] * field);
    else
      block.float_cache[i] = static_cast<float>(-block.bytes[i] * field);
  }
}

std::int64_t Reads::sweep_part(Block& block, const Thresholds& thresholds, double beta, Rule rule,
                               const kernels::Words& words, Index begin, Index end) const {
  const ReadModel& m = *model_;
  switch (m.kernel()) {
    case Kernel::byte_lanes:
      return kernels::sweep_bytes(m.byte_links(), block.bytes.data(), thresholds, words, begin, end);
    case Kernel::float_lanes:
      return kernels::sweep_floats(m.float_links(), block.floats.data(), beta, rule, words, begin, end);
    case Kernel::byte_read:
      return kernels::sweep_one({size(), m.neighbours_.data(), m.byte_weights_.data(), m.starts_.data(),
                                 block.bytes.data(), block.byte_steps.data()},
                                thresholds, words);
    case Kernel::float_read:
      return kernels::sweep_one({size(), m.neighbours_.data(), m.float_weights_.data(), m.starts_.data(),
                                 block.bytes.data(), block.float_cache.data()},
                                beta, rule, words);
    case Kernel::dense_read:
      return kernels::sweep_one(
          kernels::DenseRead{size(), m.matrix_.data(), block.floats.data(), block.float_cache.data()}, beta,
          rule, words);
  }
  return 0;
}

// work(block, part, words, begin, end) for every block and part of the model, colour by colour, each in parallel.
template <class Work>
void Reads::for_parts(Seed seed, std::int64_t step, Work work) {
  const ReadModel& m = *model_;
  const auto blocks = static_cast<std::int64_t>(blocks_.size());
  const auto chunks = static_cast<std::int64_t>(m.chunks_.size());
  const Stream stream(seed, lane("spin.sweep"), static_cast<std::uint64_t>(step));
  const auto sweep_chunk = [&](std::int64_t b, std::int64_t chunk) {
    if (step % refresh_period == 0 && m.caches_floats()) refresh(blocks_[static_cast<std::size_t>(b)]);
    Stream random = stream.at_block(static_cast<std::uint64_t>(b * chunks + chunk));
    const kernels::Words words = {random(), random(), random(), random()};
    const Index begin = chunk == 0 ? 0 : m.chunks_[static_cast<std::size_t>(chunk - 1)];
    work(b, chunk, words, begin, m.chunks_[static_cast<std::size_t>(chunk)]);
  };
  std::int64_t first = 0;
  for (const std::size_t in_round : m.rounds_) {
    const auto round = static_cast<std::int64_t>(in_round);
    if (blocks * round == 1)
      sweep_chunk(0, first);
    else
      parallel_for(blocks * round, [&](std::int64_t k) { sweep_chunk(k / round, first + k % round); });
    first += round;
  }
}

double Reads::sweep(double beta, Rule rule, Seed seed, std::int64_t step) {
  if (!(beta >= 0)) throw InvalidInput("beta {} is not at least 0", beta);
  const ReadModel& m = *model_;
  if (m.in_bytes() && (beta != thresholds_beta_ || thresholds_.heat_bath != (rule == Rule::heat_bath))) {
    thresholds_.set(beta * m.quantum_, m.reach_, rule, m.wide_reach_);
    thresholds_beta_ = beta;
  }
  std::vector<std::int64_t> flips(blocks_.size() * m.chunks_.size());
  for_parts(seed, step,
            [&](std::int64_t b, std::int64_t part, const kernels::Words& words, Index begin, Index end) {
              const auto block = static_cast<std::size_t>(b);
              flips[block * m.chunks_.size() + static_cast<std::size_t>(part)] =
                  sweep_part(blocks_[block], thresholds_, beta, rule, words, begin, end);
            });
  const auto accepted = static_cast<double>(std::accumulate(flips.begin(), flips.end(), std::int64_t{0}));
  return accepted / (static_cast<double>(blocks_.size()) * static_cast<double>(reads_per_block()) *
                     std::max<Index>(size(), 1));
}

void Reads::prepare_ladder(std::span<const double> betas, Rule rule) {
  constexpr std::size_t most = 4096;  // temperatures that are remembered
  const ReadModel& m = *model_;
  for (const double beta : betas)
    if (!(beta >= 0)) throw InvalidInput("beta {} is not at least 0", beta);
  if (rule != ladder_.rule || ladder_.columns.size() + ladder_.tables.size() > most) ladder_ = {};
  ladder_.rule = rule;
  if (m.kernel() == Kernel::byte_read) {
    for (const double beta : betas)
      if (const auto [table, fresh] = ladder_.tables.try_emplace(beta); fresh)
        table->second.set(beta * m.quantum_, m.reach_, rule);
  } else if (m.kernel() == Kernel::byte_lanes) {
    if (!m.wide_.empty() || !m.few_steps())
      throw InvalidInput("{} with a temperature for each read: local fields take too many values",
                         name(m.kernel()));
    if (ladder_.lanes.empty()) {
      ladder_.lanes.assign(blocks_.size(), LadderThresholds(m.reach_, m.stride_, rule));
      ladder_.betas.assign(betas.size(), -1);
    }
    for (std::size_t read = 0; read < betas.size(); ++read) {
      if (std::exchange(ladder_.betas[read], betas[read]) == betas[read]) continue;
      const auto [column, fresh] = ladder_.columns.try_emplace(betas[read]);
      LadderThresholds& block = ladder_.lanes[read / lanes];
      if (fresh) column->second = block.column(betas[read] * m.quantum_, rule);
      block.set(read % lanes, column->second);
    }
  }
}

void Reads::sweep(std::span<const double> betas, Rule rule, Seed seed, std::int64_t step,
                  std::span<std::int64_t> accepted) {
  const ReadModel& m = *model_;
  prepare_ladder(betas, rule);
  const auto per_block = static_cast<std::size_t>(reads_per_block());
  std::vector<std::array<std::int64_t, lanes>> flips(blocks_.size() * m.chunks_.size());
  for_parts(seed, step,
            [&](std::int64_t b, std::int64_t part, const kernels::Words& words, Index begin, Index end) {
              const auto at = static_cast<std::size_t>(b);
              Block& block = blocks_[at];
              auto& found = flips[at * m.chunks_.size() + static_cast<std::size_t>(part)];
              found.fill(0);
              const std::span<const double> own =
                  betas.subspan(at * per_block, std::min(per_block, betas.size() - at * per_block));
              if (m.kernel() == Kernel::byte_lanes)
                kernels::sweep_ladder(m.byte_links(), block.bytes.data(), ladder_.lanes[at], words, begin,
                                      end, found.data());
              else if (m.kernel() == Kernel::float_lanes)
                kernels::sweep_ladder(m.float_links(), block.floats.data(), own, rule, words, begin, end,
                                      found.data());
              else
                found[0] = sweep_part(block, m.in_bytes() ? ladder_.tables.at(own[0]) : thresholds_, own[0],
                                      rule, words, begin, end);
            });
  for (std::size_t read = 0; read < betas.size(); ++read) {
    accepted[read] = 0;
    for (std::size_t part = 0; part < m.chunks_.size(); ++part)
      accepted[read] += flips[read / per_block * m.chunks_.size() + part][read % per_block];
  }
}

// sum_i s_i (h_i + f_i) of a block with one read.
double Reads::twice_energy(const Block& block) const {
  const ReadModel& m = *model_;
  double sum = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(size()); ++i) {
    if (m.kernel() == Kernel::byte_read)
      sum += (block.bytes[i] * m.byte_fields_[i] - block.byte_steps[i]) * m.quantum_;
    else if (m.kernel() == Kernel::float_read)
      sum += block.bytes[i] * static_cast<double>(m.float_fields_[i]) - block.float_cache[i];
    else
      sum += block.floats[i] * (static_cast<double>(m.float_fields_[i]) + block.float_cache[i]);
  }
  return sum;
}

std::vector<double> Reads::energies() const {
  const ReadModel& m = *model_;
  const std::int64_t per_block = reads_per_block();
  std::vector<double> found(static_cast<std::size_t>(count_));
  parallel_for(static_cast<std::int64_t>(blocks_.size()), [&](std::int64_t b) {
    const Block& block = blocks_[static_cast<std::size_t>(b)];
    std::array<double, lanes> twice{};
    if (m.kernel() == Kernel::byte_lanes) {
      std::array<std::int64_t, lanes> quanta{};
      kernels::energies_of_bytes(m.byte_links(), block.bytes.data(), quanta);
      for (std::size_t k = 0; k < lanes; ++k) twice[k] = static_cast<double>(quanta[k]) * m.quantum_;
    } else if (m.kernel() == Kernel::float_lanes) {
      kernels::energies_of_floats(m.float_links(), block.floats.data(), twice);
    } else {
      twice[0] = twice_energy(block);
    }
    for (std::int64_t k = 0; k < per_block && b * per_block + k < count_; ++k)
      found[static_cast<std::size_t>(b * per_block + k)] =
          m.model().offset() + 0.5 * twice[static_cast<std::size_t>(k)];
  });
  return found;
}

std::vector<std::int8_t> Reads::pack_spins() const {
  std::vector<std::int8_t> packed;
  const auto n = static_cast<std::size_t>(size());
  const std::size_t width = n * static_cast<std::size_t>(reads_per_block());
  packed.reserve(width * blocks_.size());
  for (const Block& block : blocks_) {
    if (model_->in_floats())
      for (const float spin : std::span(block.floats).first(width))
        packed.push_back(static_cast<std::int8_t>(spin));
    else
      packed.insert(packed.end(), block.bytes.begin(),
                    block.bytes.begin() + static_cast<std::ptrdiff_t>(width));
  }
  return packed;
}

std::vector<float> Reads::pack_fields() const {
  std::vector<float> packed;
  for (const Block& block : blocks_)
    packed.insert(packed.end(), block.float_cache.begin(), block.float_cache.end());
  return packed;
}

void Reads::unpack(std::span<const std::int8_t> spins, std::span<const float> cached) {
  const auto n = static_cast<std::size_t>(size());
  const std::size_t width = n * static_cast<std::size_t>(reads_per_block());
  const std::size_t fields = blocks_.empty() ? 0 : blocks_.front().float_cache.size();
  if (spins.size() != width * blocks_.size() || cached.size() != fields * blocks_.size())
    throw InvalidInput("checkpoint: {} spins and {} fields, but the run has {} and {}", spins.size(),
                       cached.size(), width * blocks_.size(), fields * blocks_.size());
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    Block& block = blocks_[b];
    const auto part = spins.subspan(b * width, width);
    if (model_->in_floats())
      std::ranges::copy(part, block.floats.begin());
    else
      std::ranges::copy(part, block.bytes.begin());
    if (model_->kernel() == Kernel::byte_lanes)
      std::ranges::transform(part, block.bytes.begin() + static_cast<std::ptrdiff_t>(width),
                             [](std::int8_t s) { return static_cast<std::int8_t>(-s); });
    if (model_->kernel() == Kernel::byte_read) refresh(block);
    std::ranges::copy(cached.subspan(b * fields, fields), block.float_cache.begin());
  }
}

}  // namespace lehr::spin
