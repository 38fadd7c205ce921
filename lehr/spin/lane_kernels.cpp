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

#include "lehr/spin/lane_kernels-inl.hpp"

#if HWY_ONCE
namespace lehr::spin::kernels {

HWY_EXPORT(SweepBytes);
HWY_EXPORT(EnergiesOfBytes);
HWY_EXPORT(SweepFloats);
HWY_EXPORT(EnergiesOfFloats);
HWY_EXPORT(SweepOneOfBytes);
HWY_EXPORT(SweepOneOfFloats);
HWY_EXPORT(SweepDense);
HWY_EXPORT(InstructionSet);

std::int64_t sweep_bytes(const ByteRows& rows, const Thresholds& thresholds, const Words& words, Index begin,
                         Index end) {
  return HWY_DYNAMIC_DISPATCH(SweepBytes)(rows, thresholds, words, begin, end);
}
void energies_of_bytes(const ByteRows& rows, std::array<std::int64_t, lanes>& twice) {
  HWY_DYNAMIC_DISPATCH(EnergiesOfBytes)(rows, twice);
}
std::int64_t sweep_floats(const FloatRows& rows, double beta, Rule rule, const Words& words, Index begin,
                          Index end) {
  return HWY_DYNAMIC_DISPATCH(SweepFloats)(rows, beta, rule, words, begin, end);
}
void energies_of_floats(const FloatRows& rows, std::array<double, lanes>& twice) {
  HWY_DYNAMIC_DISPATCH(EnergiesOfFloats)(rows, twice);
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
const char* instruction_set() { return HWY_DYNAMIC_DISPATCH(InstructionSet)(); }

}  // namespace lehr::spin::kernels
#endif
