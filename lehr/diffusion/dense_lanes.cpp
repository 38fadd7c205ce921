// Compiled once per instruction set by including itself (Highway).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lehr/diffusion/dense_lanes.cpp"
#include <hwy/foreach_target.h>
// The above must come first.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <cstdint>

#include "lehr/diffusion/dense_lanes.hpp"

HWY_BEFORE_NAMESPACE();
namespace lehr::diffusion {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using F = hn::CappedTag<float, 16>;

// Four outputs by four vectors of points at a time stay in registers while the inputs run.
void Dense(const float* packed, const float* bias, std::int64_t inputs, std::int64_t outputs, const float* x,
           float* y, bool add) {
  const F f;
  const auto width = static_cast<std::int64_t>(hn::Lanes(f));
  for (std::int64_t o = 0; o < outputs; o += 4) {
    const float* const block = packed + o * inputs;
    for (std::int64_t p = 0; p < dense_lanes; p += 2 * width) {
      auto s00 = hn::Set(f, bias[o]), s01 = s00, s10 = hn::Set(f, bias[o + 1]), s11 = s10;
      auto s20 = hn::Set(f, bias[o + 2]), s21 = s20, s30 = hn::Set(f, bias[o + 3]), s31 = s30;
      if (add) {
        float* const to = y + o * dense_lanes + p;
        s00 = hn::Add(s00, hn::LoadU(f, to)), s01 = hn::Add(s01, hn::LoadU(f, to + width));
        s10 = hn::Add(s10, hn::LoadU(f, to + dense_lanes)),
        s11 = hn::Add(s11, hn::LoadU(f, to + dense_lanes + width));
        s20 = hn::Add(s20, hn::LoadU(f, to + 2 * dense_lanes)),
        s21 = hn::Add(s21, hn::LoadU(f, to + 2 * dense_lanes + width));
        s30 = hn::Add(s30, hn::LoadU(f, to + 3 * dense_lanes)),
        s31 = hn::Add(s31, hn::LoadU(f, to + 3 * dense_lanes + width));
      }
      for (std::int64_t i = 0; i < inputs; ++i) {
        const auto x0 = hn::LoadU(f, x + i * dense_lanes + p),
                   x1 = hn::LoadU(f, x + i * dense_lanes + p + width);
        const float* const w = block + 4 * i;
        const auto w0 = hn::Set(f, w[0]), w1 = hn::Set(f, w[1]), w2 = hn::Set(f, w[2]), w3 = hn::Set(f, w[3]);
        s00 = hn::MulAdd(w0, x0, s00), s01 = hn::MulAdd(w0, x1, s01);
        s10 = hn::MulAdd(w1, x0, s10), s11 = hn::MulAdd(w1, x1, s11);
        s20 = hn::MulAdd(w2, x0, s20), s21 = hn::MulAdd(w2, x1, s21);
        s30 = hn::MulAdd(w3, x0, s30), s31 = hn::MulAdd(w3, x1, s31);
      }
      float* const to = y + o * dense_lanes + p;
      hn::StoreU(s00, f, to), hn::StoreU(s01, f, to + width);
      hn::StoreU(s10, f, to + dense_lanes), hn::StoreU(s11, f, to + dense_lanes + width);
      hn::StoreU(s20, f, to + 2 * dense_lanes), hn::StoreU(s21, f, to + 2 * dense_lanes + width);
      hn::StoreU(s30, f, to + 3 * dense_lanes), hn::StoreU(s31, f, to + 3 * dense_lanes + width);
    }
  }
}

void Silu(const float* x, const float* shift, float* to, std::int64_t n) {
  const F f;
  const auto width = static_cast<std::int64_t>(hn::Lanes(f));
  const auto one = hn::Set(f, 1.0f), most = hn::Set(f, 87.0f);  // e^88 and more is out of Exp's range
  for (std::int64_t c = 0; c < n; ++c) {
    const auto s = hn::Set(f, shift != nullptr ? shift[c] : 0.0f);
    for (std::int64_t p = 0; p < dense_lanes; p += width) {
      const auto z = hn::Add(hn::LoadU(f, x + c * dense_lanes + p), s);
      hn::StoreU(hn::Div(z, hn::Add(one, hn::Exp(f, hn::Min(hn::Neg(z), most)))), f,
                 to + c * dense_lanes + p);
    }
  }
}

void NormSilu(const float* x, std::int64_t pixels, std::int64_t channels, std::int64_t groups,
              const float* factor, const float* shift, float* to) {
  const F f;
  const auto width = static_cast<std::int64_t>(hn::Lanes(f));
  const auto one = hn::Set(f, 1.0f), most = hn::Set(f, 87.0f);
  const std::int64_t size = channels / groups;
  const auto share = hn::Set(f, 1.0f / static_cast<float>(size * pixels));
  for (std::int64_t g = 0; g < groups; ++g)
    for (std::int64_t p = 0; p < dense_lanes; p += width) {
      const auto at = [&](std::int64_t pixel, std::int64_t c) {
        return (pixel * channels + c) * dense_lanes + p;
      };
      const std::int64_t from = g * size, end = from + size;
      auto sum = hn::Zero(f), squares = hn::Zero(f);
      for (std::int64_t pixel = 0; pixel < pixels; ++pixel)
        for (std::int64_t c = from; c < end; ++c) sum = hn::Add(sum, hn::LoadU(f, x + at(pixel, c)));
      const auto mean = hn::Mul(sum, share);
      for (std::int64_t pixel = 0; pixel < pixels; ++pixel)
        for (std::int64_t c = from; c < end; ++c) {
          const auto d = hn::Sub(hn::LoadU(f, x + at(pixel, c)), mean);
          squares = hn::MulAdd(d, d, squares);
        }
      const auto scale = hn::Div(one, hn::Sqrt(hn::MulAdd(squares, share, hn::Set(f, 1e-5f))));
      for (std::int64_t pixel = 0; pixel < pixels; ++pixel)
        for (std::int64_t c = from; c < end; ++c) {
          const auto d = hn::Mul(hn::Sub(hn::LoadU(f, x + at(pixel, c)), mean), scale);
          const auto z = hn::MulAdd(d, hn::Set(f, factor[c]), hn::Set(f, shift[c]));
          hn::StoreU(hn::Div(z, hn::Add(one, hn::Exp(f, hn::Min(hn::Neg(z), most)))), f, to + at(pixel, c));
        }
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace lehr::diffusion
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <stdexcept>

namespace lehr::diffusion {

HWY_EXPORT(Dense);
HWY_EXPORT(Silu);
HWY_EXPORT(NormSilu);

DenseLayer::DenseLayer(const std::vector<float>& weights, const std::vector<float>& bias, std::int64_t inputs)
    : inputs_(inputs), outputs_(static_cast<std::int64_t>(bias.size())), bias_(bias) {
  const std::int64_t whole = padded(outputs_);
  bias_.resize(static_cast<std::size_t>(whole));
  packed_.assign(static_cast<std::size_t>(whole * inputs), 0.0f);
  for (std::int64_t o = 0; o < outputs_; ++o)
    for (std::int64_t i = 0; i < inputs; ++i)
      packed_[static_cast<std::size_t>(o / 4 * 4 * inputs + 4 * i + o % 4)] =
          weights[static_cast<std::size_t>(o * inputs + i)];
}

void DenseLayer::apply(const float* x, float* y, bool add) const {
  HWY_DYNAMIC_DISPATCH(Dense)(packed_.data(), bias_.data(), inputs_, padded(outputs_), x, y, add);
}

void silu_lanes(const float* x, const float* shift, float* to, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(Silu)(x, shift, to, n);
}

void norm_silu_lanes(const float* x, std::int64_t pixels, std::int64_t channels, std::int64_t groups,
                     const float* factor, const float* shift, float* to) {
  HWY_DYNAMIC_DISPATCH(NormSilu)(x, pixels, channels, groups, factor, shift, to);
}

}  // namespace lehr::diffusion
#endif
