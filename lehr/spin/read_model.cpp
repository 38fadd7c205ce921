#include "lehr/spin/read_model.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lehr/core/errors.hpp"
#include "lehr/spin/coloring.hpp"

namespace lehr::spin {

namespace {

using kernels::lanes;

constexpr int byte_reach = 127;
constexpr Index parallel_size = 32768;  // from here on one sweep is spread over all cores
constexpr Index chunk_size = 4096;
constexpr std::int64_t dense_degree = 64;       // mean degree from which a full matrix pays
constexpr std::int64_t largest_matrix = 16384;  // spins: a matrix of 1 GiB

// The largest number of which every weight is an integer multiple, among integers over 2^k with k <= 20; 0
// when there is none.
double quantum_of(const IsingModel& model) {
  const auto for_each_weight = [&](auto&& use) {
    for (const double h : model.fields()) use(h);
    for (Index i = 0; i < model.size(); ++i)
      for (const double weight : model.weights(i)) use(weight);
  };
  const auto integral_at = [&](double scale) {
    bool integral = true;
    for_each_weight([&](double w) {
      integral = integral && std::abs(w * scale) < 0x1p52 && w * scale == std::rint(w * scale);
    });
    return integral;
  };
  double scale = 1;
  while (scale <= 0x1p20 && !integral_at(scale)) scale *= 2;
  if (scale > 0x1p20) return 0;
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

ReadModel ReadModel::for_ladder(const IsingModel& model, std::int64_t reads) {
  ReadModel automatic(model, reads);
  const bool ladder = automatic.wide_.empty() && automatic.few_steps();
  if (automatic.kernel() != Kernel::byte_lanes || ladder) return automatic;
  return {model, reads, Kernel::float_lanes};
}

ReadModel ReadModel::in_64_lanes(const IsingModel& model) {
  const double quantum = quantum_of(model);
  return {model, 64, quantum > 0 && mostly_bytes(model, quantum) ? Kernel::byte_lanes : Kernel::float_lanes};
}

double ReadModel::rounding() const {
  if (in_bytes()) return 0;
  double sum = 0;
  for (Index i = 0; i < model_->size(); ++i) sum += model_->reach(i);
  return 0x1p-22 * sum;  // weights, and sums of a field's terms, of 24 bits
}

void ReadModel::measure_reach(double quantum) {
  quantum_ = quantum;
  bool odd = false, even = false;
  for (Index i = 0; i < model_->size(); ++i) {
    const int reach = static_cast<int>(std::lround(model_->reach(i) / quantum));
    (reach % 2 == 0 ? even : odd) = true;
    if (reach <= byte_reach) {
      reach_ = std::max(reach_, reach);
      continue;
    }
    wide_reach_ = std::max(wide_reach_, reach);
    wide_.resize(static_cast<std::size_t>(model_->size()));
    const auto at = static_cast<std::size_t>(i);
    wide_[row_of_.empty() ? at : static_cast<std::size_t>(row_of_[at])] = 1;
  }
  if (!(odd && even)) stride_ = 2;
}

kernels::ByteLinks ReadModel::byte_links() const {
  return {.n = model_->size(),
          .links = links_.data(),
          .starts = starts_.data(),
          .degree = degree_,
          .fields = has_fields_ ? byte_fields_.data() : nullptr,
          .wide = wide_.empty() ? nullptr : wide_.data()};
}

kernels::FloatLinks ReadModel::float_links() const {
  return {.n = model_->size(),
          .neighbours = neighbours_.data(),
          .weights = float_weights_.data(),
          .starts = starts_.data(),
          .fields = float_fields_.data()};
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

}  // namespace lehr::spin
