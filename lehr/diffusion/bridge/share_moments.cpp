#include "lehr/diffusion/bridge/share_moments.hpp"

#include <algorithm>

#include "lehr/core/aligned.hpp"
#include "lehr/core/parallel.hpp"
#include "lehr/diffusion/bridge/share_lanes.hpp"
#include "lehr/linalg/product_lanes.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;
using linalg::panel_lanes;
using stats::CovarianceShape;

constexpr Index whole_block = 128, small_block = 32;  // multiples of 16
// Small sums stay in one thread: starting the others would cost more.
constexpr double parallel_work = 3e5;

// All features in chunks of 8 that a panel holds two of.
std::vector<FeatureChunk> feature_chunks(const QuadraticTerms& terms) {
  std::vector<FeatureChunk> chunks;
  for (Index first = 0; first < terms.dimension; first += 8) {
    chunks.push_back({FeatureChunk::linear, first});
    if (terms.shape != CovarianceShape::full) chunks.push_back({FeatureChunk::square, first});
  }
  if (terms.shape == CovarianceShape::full)
    for (Index a = 0; a < terms.dimension; ++a)
      for (Index first = 0; first <= a; first += 8) chunks.push_back({a, first});
  return chunks;
}

// Where a chunk's features stand among all of them, and how many they are.
std::pair<Index, Index> place_of(const FeatureChunk& chunk, Index d) {
  if (chunk.by == FeatureChunk::linear) return {chunk.first, std::min<Index>(8, d - chunk.first)};
  if (chunk.by == FeatureChunk::square) return {d + chunk.first, std::min<Index>(8, d - chunk.first)};
  return {d + chunk.by * (chunk.by + 1) / 2 + chunk.first, std::min<Index>(8, chunk.by + 1 - chunk.first)};
}

// Memory of a block's work, kept by each thread.
struct BlockMemory {
  AlignedVector<double> points, panel, shares, sums;

  static double* of(AlignedVector<double>& memory, Index size) {
    if (static_cast<Index>(memory.size()) < size) memory.resize(static_cast<std::size_t>(size));
    return memory.data();
  }
};

void add_features(const QuadraticTerms& terms, const double* points, Index padded, Index count,
                  const double* shares, Index stride, BlockMemory& memory, ShareMoments& moments) {
  const Index components = terms.constant.size();
  moments.features.resize(terms.features(), components);
  double* const panel = BlockMemory::of(memory.panel, panel_lanes * count);
  double* const sums = BlockMemory::of(memory.sums, panel_lanes * components);
  const std::vector<FeatureChunk> chunks = feature_chunks(terms);
  for (std::size_t c = 0; c < chunks.size(); c += 2) {
    const FeatureChunk pair[] = {chunks[c], chunks[std::min(c + 1, chunks.size() - 1)]};
    feature_lanes(points, padded, count, pair[0], pair[1], panel);
    linalg::panel_product(panel, count, shares, stride, components, nullptr, sums, panel_lanes);
    for (int half = 0; half < 2; ++half) {
      const auto [place, size] = place_of(pair[half], terms.dimension);
      for (Index k = 0; k < components; ++k) {
        const double* const from = sums + k * panel_lanes + 8 * half;
        double* const to = &moments.features(place, k);
        for (Index i = 0; i < size; ++i) to[i] = from[i];
      }
    }
  }
}

Index whole_panels(Index count) { return (count + panel_lanes - 1) / panel_lanes * panel_lanes; }
Index whole_chunks(Index dimension) { return (dimension + 7) / 8 * 8; }

// The points as rows of whole chunks, zeros where there is none.
const double* gather(const PickedPoints& picked, Index first, Index count, BlockMemory& memory) {
  const Index d = picked.points.rows(), padded = whole_chunks(d), rows = whole_panels(count);
  double* const points = BlockMemory::of(memory.points, rows * padded);
  for (Index i = 0; i < rows; ++i) {
    double* const to = points + i * padded;
    if (i < count) {
      const double* const from = picked[first + i];
      for (Index j = 0; j < d; ++j) to[j] = from[j];
    }
    std::fill(to + (i < count ? d : 0), to + padded, 0.0);
  }
  return points;
}

void terms_of_rows(const QuadraticTerms& terms, const double* points, Index count, double* to, Index stride,
                   BlockMemory& memory) {
  const Index padded = whole_chunks(terms.dimension);
  double* const panel = BlockMemory::of(memory.panel, panel_lanes * std::max(padded, terms.features()));
  for (Index i = 0; i < count; i += panel_lanes) {
    transpose_lanes(points + i * padded, padded, panel);
    expand_lanes(panel, terms.dimension, terms.shape == CovarianceShape::full);
    linalg::panel_product(panel, terms.features(), terms.factors.data(), terms.factors.rows(),
                          terms.constant.size(), terms.constant.data(), to + i, stride);
  }
}

ShareMoments moments_of_block(const ShareSide& side, Index first, Index count, bool with_features) {
  thread_local BlockMemory memory;
  const Index components = side.terms.constant.size(), stride = whole_panels(count);
  const double* const points = gather(side.points, first, count, memory);
  double* const shares = BlockMemory::of(memory.shares, stride * components);
  terms_of_rows(side.terms, points, count, shares, stride, memory);
  ShareMoments moments;
  moments.mass.resize(components);
  moments.log_sum = share_lanes(shares, components, count, stride, moments.mass.data());
  if (with_features)
    add_features(side.terms, points, whole_chunks(side.terms.dimension), count, shares, stride, memory,
                 moments);
  return moments;
}

void add_to(ShareMoments& sum, ShareMoments&& other) {
  if (sum.mass.size() == 0) {
    sum = std::move(other);
    return;
  }
  sum.log_sum += other.log_sum, sum.mass += other.mass;
  if (other.features.size() > 0) sum.features += other.features;
}

}  // namespace

void put_terms(const QuadraticTerms& terms, const PickedPoints& points, Index first, Index count, double* to,
               Index stride) {
  BlockMemory memory;
  terms_of_rows(terms, gather(points, first, count, memory), count, to, stride, memory);
}

std::vector<ShareMoments> share_moments(std::span<const ShareSide> sides, bool with_features) {
  struct Block {
    std::size_t side;
    Index first, count;
  };
  std::vector<Block> blocks;
  double work = 0;
  for (std::size_t s = 0; s < sides.size(); ++s) {
    const double per_point =
        static_cast<double>(sides[s].terms.constant.size() * (8 + sides[s].terms.features()));
    const Index count = sides[s].points.count();
    const Index size = per_point * whole_block > parallel_work ? small_block : whole_block;
    for (Index first = 0; first < count; first += size)
      blocks.push_back({s, first, std::min(size, count - first)});
    work += per_point * static_cast<double>(count);
  }
  const auto part = [&](std::int64_t b) {
    const Block& block = blocks[static_cast<std::size_t>(b)];
    return moments_of_block(sides[block.side], block.first, block.count, with_features);
  };
  std::vector<ShareMoments> sums(sides.size());
  if (work < parallel_work) {
    for (std::size_t b = 0; b < blocks.size(); ++b)
      add_to(sums[blocks[b].side], part(static_cast<std::int64_t>(b)));
    return sums;
  }
  auto parts = parallel_map(static_cast<std::int64_t>(blocks.size()), part);
  for (std::size_t b = 0; b < blocks.size(); ++b) add_to(sums[blocks[b].side], std::move(parts[b]));
  return sums;
}

}  // namespace lehr::diffusion
