// Part of lane_kernels.cpp: 64 reads in single precision.

HWY_BEFORE_NAMESPACE();
namespace lehr::spin::kernels {
namespace HWY_NAMESPACE {

// Products with +1 or -1 are exact, so fused and separate operations agree.
template <std::size_t used>  // groups
HWY_INLINE void AddRows(const FloatLinks& model, const float* rows, Index i, FloatVector (&field)[used]) {
  const Floats d;
  for (std::int64_t k = model.starts[i]; k < model.starts[i + 1]; ++k) {
    const auto weight = hn::Set(d, model.weights[k]);
    const float* const row = rows + static_cast<std::size_t>(model.neighbours[k]) * lanes;
#pragma GCC unroll 16
    for (std::size_t g = 0; g < used; ++g)
      field[g] = hn::MulAdd(weight, hn::Load(d, row + g * float_lanes), field[g]);
  }
}

template <Rule rule>
std::int64_t SweepFloatRows(const FloatLinks& model, float* rows, double beta, const Words& words,
                            Index begin, Index end) {
  const Floats d;
  const auto zero = hn::Zero(d);
  const auto scale = hn::Set(d, ToleranceScale(beta));
  LaneWords random(words);
  std::int64_t flips = 0;
  for (Index i = begin; i < end; ++i) {
    float* const own = rows + static_cast<std::size_t>(i) * lanes;
    FloatVector field[groups];
#pragma GCC unroll 16
    for (std::size_t g = 0; g < groups; ++g) field[g] = hn::Set(d, model.fields[i]);
    AddRows(model, rows, i, field);
#pragma GCC unroll 16
    for (std::size_t g = 0; g < groups; ++g) {
      const auto spin = hn::Load(d, own + g * float_lanes);
      const auto negative = hn::Sub(zero, spin);
      const auto word = hn::BitCast(Ints(), random.next(g));
      const auto accepted = hn::Le(hn::Mul(negative, field[g]), Tolerance<rule>(word, scale));
      hn::Store(hn::IfThenElse(accepted, negative, spin), d, own + g * float_lanes);
      flips += static_cast<std::int64_t>(hn::CountTrue(d, accepted));
    }
  }
  return flips;
}

std::int64_t SweepFloats(const FloatLinks& model, float* rows, double beta, Rule rule, const Words& words,
                         Index begin, Index end) {
  return rule == Rule::heat_bath ? SweepFloatRows<Rule::heat_bath>(model, rows, beta, words, begin, end)
                                 : SweepFloatRows<Rule::metropolis>(model, rows, beta, words, begin, end);
}

void EnergiesOfFloats(const FloatLinks& model, const float* rows, std::array<double, lanes>& twice) {
  const Floats d;
  twice.fill(0);
  HWY_ALIGN float terms[lanes];
  for (Index i = 0; i < model.n; ++i) {
    FloatVector field[groups];
    for (std::size_t g = 0; g < groups; ++g) field[g] = hn::Set(d, 2 * model.fields[i]);
    AddRows(model, rows, i, field);
    const float* const own = rows + static_cast<std::size_t>(i) * lanes;
    for (std::size_t g = 0; g < groups; ++g)
      hn::Store(hn::Mul(field[g], hn::Load(d, own + g * float_lanes)), d, terms + g * float_lanes);
    for (std::size_t lane = 0; lane < lanes; ++lane) twice[lane] += terms[lane];
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lehr::spin::kernels
HWY_AFTER_NAMESPACE();
