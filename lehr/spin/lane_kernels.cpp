#include "lehr/spin/lane_kernels.hpp"

// AVX2 and AVX-512 are what the kernels are made for; SSSE3 (2006) is the least that they run on.
#undef HWY_BASELINE_TARGETS
#define HWY_BASELINE_TARGETS HWY_SSSE3
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SCALAR | HWY_EMU128 | HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lehr/spin/lane_kernels.cpp"
#include <hwy/foreach_target.h>
// The above must come first.
#include <hwy/highway.h>

// In this order: each part stands on those before it.
// clang-format off
#include "lehr/spin/lane_random-inl.hpp"
#include "lehr/spin/lane_acceptance-inl.hpp"
#include "lehr/spin/byte_lanes-inl.hpp"
#include "lehr/spin/float_lanes-inl.hpp"
#include "lehr/spin/one_read-inl.hpp"
#include "lehr/spin/ladder_lanes-inl.hpp"
#include "lehr/spin/ring_lanes-inl.hpp"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace lehr::spin::kernels {
namespace HWY_NAMESPACE {
const char* InstructionSet() { return hwy::TargetName(HWY_TARGET); }

}  // namespace HWY_NAMESPACE
}  // namespace lehr::spin::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lehr::spin::kernels {

HWY_EXPORT(SweepBytes);
HWY_EXPORT(EnergiesOfBytes);
HWY_EXPORT(SweepFloats);
HWY_EXPORT(EnergiesOfFloats);
HWY_EXPORT(SweepOneOfBytes);
HWY_EXPORT(SweepOneOfFloats);
HWY_EXPORT(SweepDense);
HWY_EXPORT(SweepLadderOfBytes);
HWY_EXPORT(SweepLadderOfFloats);
HWY_EXPORT(SweepSlabOfBytes);
HWY_EXPORT(SweepSlabOfByteRows);
HWY_EXPORT(SweepSlabOfFloats);
HWY_EXPORT(SweepClustersOfBytes);
HWY_EXPORT(SweepClustersOfFloats);
HWY_EXPORT(InstructionSet);

std::int64_t sweep_bytes(const ByteLinks& model, std::int8_t* rows, const Thresholds& thresholds,
                         const Words& words, Index begin, Index end) {
  return HWY_DYNAMIC_DISPATCH(SweepBytes)(model, rows, thresholds, words, begin, end);
}
void energies_of_bytes(const ByteLinks& model, const std::int8_t* rows,
                       std::array<std::int64_t, lanes>& twice) {
  HWY_DYNAMIC_DISPATCH(EnergiesOfBytes)(model, rows, twice);
}
std::int64_t sweep_floats(const FloatLinks& model, float* rows, double beta, Rule rule, const Words& words,
                          Index begin, Index end) {
  return HWY_DYNAMIC_DISPATCH(SweepFloats)(model, rows, beta, rule, words, begin, end);
}
void energies_of_floats(const FloatLinks& model, const float* rows, std::array<double, lanes>& twice) {
  HWY_DYNAMIC_DISPATCH(EnergiesOfFloats)(model, rows, twice);
}
std::int64_t sweep_one(const OneRead<std::int8_t>& read, const Thresholds& thresholds, const Words& words) {
  return HWY_DYNAMIC_DISPATCH(SweepOneOfBytes)(read, thresholds, words);
}
std::int64_t sweep_one(const OneRead<float>& read, double beta, Rule rule, const Words& words) {
  return HWY_DYNAMIC_DISPATCH(SweepOneOfFloats)(read, beta, rule, words);
}
std::int64_t sweep_one(const DenseRead& read, double beta, Rule rule, const Words& words) {
  return HWY_DYNAMIC_DISPATCH(SweepDense)(read, beta, rule, words);
}
void sweep_ladder(const ByteLinks& model, std::int8_t* rows, const LadderThresholds& thresholds,
                  const Words& words, Index begin, Index end, std::int64_t* flips) {
  HWY_DYNAMIC_DISPATCH(SweepLadderOfBytes)(model, rows, thresholds, words, begin, end, flips);
}
void sweep_ladder(const FloatLinks& model, float* rows, std::span<const double> betas, Rule rule,
                  const Words& words, Index begin, Index end, std::int64_t* flips) {
  HWY_DYNAMIC_DISPATCH(SweepLadderOfFloats)
  (model, rows, betas.data(), betas.size(), rule, words, begin, end, flips);
}
void sweep_slab(const ByteRing& ring, std::int64_t slab, const RingThresholds& thresholds, const Words& words,
                Index begin, Index end) {
  HWY_DYNAMIC_DISPATCH(SweepSlabOfBytes)(ring, slab, thresholds, words, begin, end);
}
void sweep_slab(const ByteRing& ring, std::int64_t slab, const RingAction& action, const Words& words,
                Index begin, Index end) {
  HWY_DYNAMIC_DISPATCH(SweepSlabOfByteRows)(ring, slab, action, words, begin, end);
}
void sweep_slab(const FloatRing& ring, std::int64_t slab, const RingAction& action, const Words& words,
                Index begin, Index end) {
  HWY_DYNAMIC_DISPATCH(SweepSlabOfFloats)(ring, slab, action, words, begin, end);
}
void sweep_clusters(const ByteRing& ring, const RingAction& action, const Words& words,
                    const RingScratch& scratch, Index begin, Index end) {
  HWY_DYNAMIC_DISPATCH(SweepClustersOfBytes)(ring, action, words, scratch, begin, end);
}
void sweep_clusters(const FloatRing& ring, const RingAction& action, const Words& words,
                    const RingScratch& scratch, Index begin, Index end) {
  HWY_DYNAMIC_DISPATCH(SweepClustersOfFloats)(ring, action, words, scratch, begin, end);
}
const char* instruction_set() { return HWY_DYNAMIC_DISPATCH(InstructionSet)(); }

}  // namespace lehr::spin::kernels
#endif
