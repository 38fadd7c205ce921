// Noise processes: the law of a noisy state given the clean one,
//
//   p(x_t | x_0) = N(a(t) x_0, s(t)^2 I),   t in [t0, T],   dx = f(t) x dt + g(t) dw
//   f = d log a / dt,   g^2 = ds^2/dt - 2 f s^2 = -2 s^2 dlambda/dt,   lambda = log(a / s),   rho = s / a
//
//   vp-linear(beta0=0.1, beta1=20)          log a = -t^2 (beta1 - beta0) / 4 - t beta0 / 2,  s^2 = 1 - a^2      t in [1e-3, 1]
//   vp-cosine                               a = cos((t + 0.008) / 1.008 pi/2) / cos(0.008 / 1.008 pi/2)         t in [1e-3, 0.995]
//   vp-table(alpha_bar.csv)                 a^2 = alpha_bar_0 .. alpha_bar_{N-1} at integer times, log-linear between
//   sub-vp(beta0, beta1)                    a as vp-linear, s = 1 - a^2
//   ve(sigma_min=0.01, sigma_max=50)        a = 1, s = sigma_min (sigma_max / sigma_min)^t                      t in [0, 1]
//   edm(sigma_min=0.002, sigma_max=80)      a = 1, s = t                                                        t in [sigma_min, sigma_max]
//   flow                                    a = 1 - t, s = t                                                    t in [1e-3, 0.999]
//
// lambda falls with t. Sources: Song et al., "Score-based generative modeling through SDEs", 2021; Nichol and Dhariwal, 2021 (cosine);
// Karras et al., 2022 (edm). A process is a value.
#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lehr::diffusion {

class Process {
 public:
  enum class Kind { vp_linear, vp_cosine, vp_table, sub_vp, ve, edm, flow };

  static Process vp_linear(double beta0 = 0.1, double beta1 = 20);
  static Process vp_cosine();
  // alpha_bar: falling, in (0, 1). Times are 0 .. size - 1.
  static Process vp_table(std::vector<double> alpha_bar);
  static Process sub_vp(double beta0 = 0.1, double beta1 = 20);
  static Process ve(double sigma_min = 0.01, double sigma_max = 50);
  static Process edm(double sigma_min = 0.002, double sigma_max = 80);
  static Process flow();
  // The text forms above; paths of tables start from `base`. Throws InvalidInput with the nearest known name.
  static Process parse(std::string_view text, const std::filesystem::path& base = {});
  const std::string& text() const { return text_; }

  Kind kind() const { return kind_; }
  bool discrete() const { return kind_ == Kind::vp_table; }  // times are integers
  bool variance_exploding() const { return kind_ == Kind::ve || kind_ == Kind::edm; }
  double t0() const { return t0_; }
  double end() const { return end_; }  // T
  // The same process between other times. Throws InvalidInput outside of where it is defined.
  Process between(double t0, double end) const;

  double log_a(double t) const;
  double log_s(double t) const;
  double a(double t) const;
  double s(double t) const;
  double lambda(double t) const { return log_a(t) - log_s(t); }
  double rho(double t) const;
  double dlog_a(double t) const;   // f
  double dlambda(double t) const;  // d lambda / dt < 0
  double g2(double t) const;       // g^2
  double t_of_lambda(double lambda) const;
  double t_of_rho(double rho) const;
  double prior_deviation()
      const;  // of x_T from a clean state of size 1: s(T) where a(T) is small, (a^2 + s^2)^1/2 else

 private:
  double dlog_s(double t) const;

  Kind kind_ = Kind::vp_linear;
  double first_ = 0.1, second_ = 20;  // beta0, beta1 or sigma_min, sigma_max
  double t0_ = 1e-3, end_ = 1;
  std::vector<double> log_alpha_bar_;
  std::string text_ = "vp-linear";
};

// The posterior of an earlier state given a later one and the clean one, q(x_s | x_t, x_0) = N(from_x x_t + from_clean x_0, variance I)
// for s < t:  a_ts = a_t / a_s,  v_ts = s_t^2 - a_ts^2 s_s^2,
//   from_x = a_ts s_s^2 / s_t^2,  from_clean = a_s v_ts / s_t^2,  variance = v_ts s_s^2 / s_t^2
struct PosteriorStep {
  double from_x, from_clean, variance;
};
PosteriorStep posterior_step(const Process& process, double t, double s);

}  // namespace lehr::diffusion
