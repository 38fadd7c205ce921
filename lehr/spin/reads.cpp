#include "lehr/spin/reads.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "lehr/core/errors.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/spin/coloring.hpp"

namespace lehr::spin {

namespace {

using kernels::lanes;

constexpr int byte_reach = 127;
constexpr Index parallel_size = 32768;  // from here on one sweep is spread over all cores
constexpr Index chunk_size = 4096;
constexpr std::int64_t dense_degree = 64;       // mean degree from which a full matrix pays
constexpr std::int64_t largest_matrix = 16384;  // spins: a matrix of 1 GiB

constexpr std::int64_t refresh_period = 100;  // sweeps between exact recomputations of cached float fields

std::size_t padded(Index n) { return (static_cast<std::size_t>(n) + lanes - 1) / lanes * lanes; }

// The largest number of which every weight is an integer multiple, among integers over 2^k with k <= 20; 0
// when there is none.
double quantum_of(const IsingModel& model) {
  const auto for_each_weight = [&](auto&& use) {
    for (const double h : model.fields()) use(h);
    for (Index i = 0; i < model.size(); ++i)
      for (const double weight : model.weights(i)) use(weight);
  };
  double scale = 1;
  bool integral = false;
  for (int k = 0; k <= 20 && !integral; ++k, scale *= integral ? 1 : 2) {
    integral = true;
    for_each_weight([&](double w) {
      integral = integral && std::abs(w * scale) < 0x1p52 && w * scale == std::rint(w * scale);
    });
    if (integral) break;
  }
  if (!integral) return 0;
  std::int64_t divisor = 0;
  for_each_weight([&](double w) { divisor = std::gcd(divisor, static_cast<std::int64_t>(w * scale)); });
  return divisor == 0 ? 1 : static_cast<double>(divisor) / scale;
}

// True when bytes hold the fields and the local fields of almost all spins (one in 16 may exceed them), and no spin has
// so many quanta of weight that links to them all would take more time than numbers.
bool mostly_bytes(const IsingModel& model, double quantum) {
  std::int64_t wide = 0;
  double quanta = 0;
  for (Index i = 0; i < model.size(); ++i) {
    const double reach = model.reach(i) / quantum;
    if (std::abs(model.field(i)) > byte_reach * quantum) return false;
    wide += reach > byte_reach;
    quanta += reach - std::abs(model.field(i)) / quantum;
  }
  return 16 * wide <= model.size() && (wide == 0 || quanta <= 32.0 * static_cast<double>(model.couplings()));
}

}  // namespace

const char* name(Kernel kernel) {
  switch (kernel) {
    case Kernel::byte_lanes:
      return "byte_lanes";
    case Kernel::float_lanes:
      return "float_lanes";
    case Kernel::byte_read:
      return "byte_read";
    case Kernel::float_read:
      return "float_read";
    case Kernel::dense_read:
      return "dense_read";
  }
  return "";
}

ReadModel::ReadModel(const IsingModel& model, std::int64_t reads, std::optional<Kernel> kernel)
    : model_(&model) {
  const double quantum = quantum_of(model);
  const bool fits_lanes = quantum > 0 && mostly_bytes(model, quantum);
  const bool fits_read = quantum > 0 && model.largest_reach() <= byte_reach * quantum;
  if (kernel) {
    kernel_ = *kernel;
    if (in_bytes() && !(kernel_ == Kernel::byte_lanes ? fits_lanes : fits_read))
      throw InvalidInput("kernel {}: the local fields of this model are not integers up to {} in some unit",
                         name(*kernel), byte_reach);
  } else if (fits_lanes && reads >= 8) {
    kernel_ = Kernel::byte_lanes;
  } else if (fits_read) {
    kernel_ = Kernel::byte_read;
  } else {
    const std::int64_t n = model.size(), ends = 2 * model.couplings();
    const bool dense = ends >= dense_degree * n && 4 * ends >= n * n && n <= largest_matrix;
    kernel_ = dense ? Kernel::dense_read : reads >= 16 ? Kernel::float_lanes : Kernel::float_read;
  }
  has_fields_ = std::ranges::any_of(model.fields(), [](double h) { return h != 0; });
  order_spins();
  if (in_bytes()) measure_reach(quantum);
  if (kernel_ == Kernel::byte_lanes)
    build_links();
  else if (kernel_ == Kernel::dense_read)
    build_matrix();
  else
    build_weights();
}

void ReadModel::measure_reach(double quantum) {
  quantum_ = quantum;
  for (Index i = 0; i < model_->size(); ++i) {
    const int reach = static_cast<int>(std::lround(model_->reach(i) / quantum));
    if (reach <= byte_reach) {
      reach_ = std::max(reach_, reach);
      continue;
    }
    wide_reach_ = std::max(wide_reach_, reach);
    wide_.resize(static_cast<std::size_t>(model_->size()));
    const auto at = static_cast<std::size_t>(i);
    wide_[row_of_.empty() ? at : static_cast<std::size_t>(row_of_[at])] = 1;
  }
}

void ReadModel::order_spins() {
  const Index n = model_->size();
  if (!in_lanes() || n < parallel_size) {
    chunks_ = {n};
    rounds_ = {1};
    return;
  }
  const Coloring coloring = color(*model_);
  row_of_.resize(static_cast<std::size_t>(n));
  for (Index at = 0; at < n; ++at)
    row_of_[static_cast<std::size_t>(coloring.order[static_cast<std::size_t>(at)])] = at;
  Index begin = 0;
  for (const Index end : coloring.ends) {
    const std::size_t before = chunks_.size();
    for (; begin < end; begin = chunks_.back()) chunks_.push_back(std::min(end, begin + chunk_size));
    rounds_.push_back(chunks_.size() - before);
  }
}

namespace {
// The spin that stands at each row.
std::vector<Index> spins_by_row(const std::vector<Index>& row_of, Index n) {
  std::vector<Index> spin(static_cast<std::size_t>(n));
  std::iota(spin.begin(), spin.end(), 0);
  for (std::size_t i = 0; i < row_of.size(); ++i)
    spin[static_cast<std::size_t>(row_of[i])] = static_cast<Index>(i);
  return spin;
}
}  // namespace

void ReadModel::build_links() {
  const Index n = model_->size();
  const auto size = static_cast<std::size_t>(n);
  if ((2 * size + 1) * lanes > 0xffffffffu)
    throw InvalidInput("{} spins are more than byte lanes can address", n);
  const auto quanta = [&](double w) { return static_cast<int>(std::lround(w / quantum_)); };
  std::int64_t total = 0, most = 0;
  for (Index i = 0; i < n; ++i) {
    std::int64_t links = 0;
    for (const double weight : model_->weights(i)) links += std::abs(quanta(weight));
    total += links, most = std::max(most, links);
  }
  // Nearly regular models of small degree get rows of one length, filled up with links to the row of zeros.
  for (const int degree : {4, 6, 8})
    if (degree_ == 0 && most <= degree && 4 * total >= 3 * degree * std::int64_t{n}) degree_ = degree;
  starts_.assign(1, 0);
  starts_.reserve(size + 1);
  links_.reserve(static_cast<std::size_t>(degree_ > 0 ? std::int64_t{n} * degree_ : total));
  if (has_fields_) byte_fields_.resize(size);
  const auto zero_row = static_cast<std::uint32_t>(2 * size * lanes);
  const std::vector<Index> spin_at = spins_by_row(row_of_, n);
  for (std::size_t at = 0; at < size; ++at) {
    const Index i = spin_at[at];
    if (has_fields_) byte_fields_[at] = static_cast<std::int8_t>(quanta(model_->field(i)));
    const auto neighbours = model_->neighbours(i);
    const auto weights = model_->weights(i);
    for (std::size_t k = 0; k < neighbours.size(); ++k) {
      const int copies = quanta(weights[k]);
      const auto j = static_cast<std::size_t>(neighbours[k]);
      const std::size_t row =
          (row_of_.empty() ? j : static_cast<std::size_t>(row_of_[j])) + (copies < 0 ? size : 0);
      links_.insert(links_.end(), static_cast<std::size_t>(std::abs(copies)),
                    static_cast<std::uint32_t>(row * lanes));
    }
    // The rows updated last stand last: their sum waits for the previous spin's store.
    const auto own = static_cast<std::uint32_t>(at * lanes);
    const auto age = [&](std::uint32_t link) {
      const std::uint32_t positive =
          link >= size * lanes ? link - static_cast<std::uint32_t>(size * lanes) : link;
      return positive < own ? positive + 1 : 0;
    };
    std::sort(links_.begin() + starts_.back(), links_.end(),
              [&](std::uint32_t a, std::uint32_t b) { return std::pair(age(a), a) < std::pair(age(b), b); });
    if (degree_ > 0) links_.resize((at + 1) * static_cast<std::size_t>(degree_), zero_row);
    starts_.push_back(static_cast<std::int64_t>(links_.size()));
  }
}

void ReadModel::build_weights() {
  const Index n = model_->size();
  const auto size = static_cast<std::size_t>(n);
  starts_.assign(1, 0);
  starts_.reserve(size + 1);
  neighbours_.reserve(static_cast<std::size_t>(2 * model_->couplings()));
  const std::vector<Index> spin_at = spins_by_row(row_of_, n);
  for (std::size_t at = 0; at < size; ++at) {
    const Index i = spin_at[at];
    const auto others = model_->neighbours(i);
    const auto weights = model_->weights(i);
    for (std::size_t k = 0; k < others.size(); ++k) {
      neighbours_.push_back(row_of_.empty() ? others[k] : row_of_[static_cast<std::size_t>(others[k])]);
      if (in_bytes())
        byte_weights_.push_back(static_cast<std::int8_t>(std::lround(weights[k] / quantum_)));
      else
        float_weights_.push_back(static_cast<float>(weights[k]));
    }
    starts_.push_back(static_cast<std::int64_t>(neighbours_.size()));
    if (in_bytes())
      byte_fields_.push_back(static_cast<std::int8_t>(std::lround(model_->field(i) / quantum_)));
    else
      float_fields_.push_back(static_cast<float>(model_->field(i)));
  }
}

// ---- reads
void ReadModel::build_matrix() {
  const Index n = model_->size();
  if (n > largest_matrix)
    throw InvalidInput("kernel dense_read: {} spins are more than {}", n, largest_matrix);
  const std::size_t width = padded(n);
  matrix_.assign(static_cast<std::size_t>(n) * width, 0);
  for (Index i = 0; i < n; ++i) {
    const auto others = model_->neighbours(i);
    const auto weights = model_->weights(i);
    for (std::size_t k = 0; k < others.size(); ++k)
      matrix_[static_cast<std::size_t>(i) * width + static_cast<std::size_t>(others[k])] =
          static_cast<float>(weights[k]);
    float_fields_.push_back(static_cast<float>(model_->field(i)));
  }
}

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

kernels::ByteRows Reads::byte_rows(const Block& block) const {
  const ReadModel& m = *model_;
  return {.n = size(),
          .links = m.links_.data(),
          .starts = m.starts_.data(),
          .degree = m.degree_,
          .fields = m.has_fields_ ? m.byte_fields_.data() : nullptr,
          .rows = const_cast<std::int8_t*>(block.bytes.data()),
          .wide = m.wide_.empty() ? nullptr : m.wide_.data()};
}

kernels::FloatRows Reads::float_rows(const Block& block) const {
  const ReadModel& m = *model_;
  return {.n = size(),
          .neighbours = m.neighbours_.data(),
          .weights = m.float_weights_.data(),
          .starts = m.starts_.data(),
          .fields = m.float_fields_.data(),
          .rows = const_cast<float*>(block.floats.data())};
}

std::int64_t Reads::sweep_part(Block& block, double beta, Rule rule, const kernels::Words& words, Index begin,
                               Index end) const {
  const ReadModel& m = *model_;
  switch (m.kernel()) {
    case Kernel::byte_lanes:
      return kernels::sweep_bytes(byte_rows(block), thresholds_, words, begin, end);
    case Kernel::float_lanes:
      return kernels::sweep_floats(float_rows(block), beta, rule, words, begin, end);
    case Kernel::byte_read:
      return kernels::sweep_one({size(), m.neighbours_.data(), m.byte_weights_.data(), m.starts_.data(),
                                 block.bytes.data(), block.byte_steps.data()},
                                thresholds_, words);
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

double Reads::sweep(double beta, Rule rule, Seed seed, std::int64_t step) {
  if (!(beta >= 0)) throw InvalidInput("beta {} is not at least 0", beta);
  const ReadModel& m = *model_;
  if (m.in_bytes() && (beta != thresholds_beta_ || thresholds_.heat_bath != (rule == Rule::heat_bath))) {
    thresholds_.set(beta * m.quantum_, m.reach_, rule, m.wide_reach_);
    thresholds_beta_ = beta;
  }
  const auto blocks = static_cast<std::int64_t>(blocks_.size());
  const auto chunks = static_cast<std::int64_t>(m.chunks_.size());
  const Stream stream(seed, lane("spin.sweep"), static_cast<std::uint64_t>(step));
  std::vector<std::int64_t> flips(static_cast<std::size_t>(blocks * chunks));
  const auto sweep_chunk = [&](std::int64_t b, std::int64_t chunk) {
    Block& block = blocks_[static_cast<std::size_t>(b)];
    if (step % refresh_period == 0 && m.caches_floats()) refresh(block);
    const std::int64_t place = b * chunks + chunk;
    Stream random = stream.at_block(static_cast<std::uint64_t>(place));
    const kernels::Words words = {random(), random(), random(), random()};
    const Index begin = chunk == 0 ? 0 : m.chunks_[static_cast<std::size_t>(chunk - 1)];
    flips[static_cast<std::size_t>(place)] =
        sweep_part(block, beta, rule, words, begin, m.chunks_[static_cast<std::size_t>(chunk)]);
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
  const auto accepted = static_cast<double>(std::accumulate(flips.begin(), flips.end(), std::int64_t{0}));
  return accepted / (static_cast<double>(blocks * reads_per_block()) * std::max<Index>(size(), 1));
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
      kernels::energies_of_bytes(byte_rows(block), quanta);
      for (std::size_t k = 0; k < lanes; ++k) twice[k] = static_cast<double>(quanta[k]) * m.quantum_;
    } else if (m.kernel() == Kernel::float_lanes) {
      kernels::energies_of_floats(float_rows(block), twice);
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
