#include "lehr/diffusion/process.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>

#include "lehr/core/errors.hpp"
#include "lehr/diffusion/call_text.hpp"
#include "lehr/diffusion/point_file.hpp"

namespace lehr::diffusion {
namespace {

constexpr double cosine_shift = 0.008;

double cosine_angle(double t) { return (t + cosine_shift) / (1 + cosine_shift) * std::numbers::pi / 2; }

// log of s = (1 - a^2)^1/2 from log a.
double log_s_of(double log_a) { return 0.5 * std::log(-std::expm1(2 * log_a)); }

std::string with_numbers(const char* name, const char* first, double x, const char* second, double y) {
  return fmt::format("{}({}={}, {}={})", name, first, x, second, y);
}

void check_sigmas(double low, double high) {
  if (!(low > 0 && high > low && std::isfinite(high)))
    throw InvalidInput("process: sigma_min={:g} and sigma_max={:g} are not 0 < sigma_min < sigma_max", low,
                       high);
}

void check_betas(double low, double high) {
  if (!(low >= 0 && high > low && std::isfinite(high)))
    throw InvalidInput("process: beta0={:g} and beta1={:g} are not 0 <= beta0 < beta1", low, high);
}

}  // namespace

Process Process::vp_linear(double beta0, double beta1) {
  check_betas(beta0, beta1);
  Process process;
  process.first_ = beta0, process.second_ = beta1;
  process.text_ = with_numbers("vp-linear", "beta0", beta0, "beta1", beta1);
  return process;
}

Process Process::vp_cosine() {
  Process process;
  process.kind_ = Kind::vp_cosine, process.end_ = 0.995, process.text_ = "vp-cosine";
  return process;
}

Process Process::vp_table(std::vector<double> alpha_bar) {
  if (alpha_bar.size() < 2) throw InvalidInput("process: a table of alpha-bar needs two values at least");
  Process process;
  process.kind_ = Kind::vp_table, process.t0_ = 0, process.end_ = static_cast<double>(alpha_bar.size() - 1);
  for (std::size_t i = 0; i < alpha_bar.size(); ++i) {
    if (!(alpha_bar[i] > 0 && alpha_bar[i] < 1) || (i > 0 && !(alpha_bar[i] < alpha_bar[i - 1])))
      throw InvalidInput("process: alpha-bar must fall between 1 and 0, but entry {} is {:g}", i,
                         alpha_bar[i]);
    process.log_alpha_bar_.push_back(std::log(alpha_bar[i]));
  }
  process.text_ = fmt::format("vp-table of {} times", alpha_bar.size());
  return process;
}

Process Process::sub_vp(double beta0, double beta1) {
  Process process = vp_linear(beta0, beta1);
  process.kind_ = Kind::sub_vp;
  process.text_ = with_numbers("sub-vp", "beta0", beta0, "beta1", beta1);
  return process;
}

Process Process::ve(double sigma_min, double sigma_max) {
  check_sigmas(sigma_min, sigma_max);
  Process process;
  process.kind_ = Kind::ve, process.first_ = sigma_min, process.second_ = sigma_max, process.t0_ = 0;
  process.text_ = with_numbers("ve", "sigma_min", sigma_min, "sigma_max", sigma_max);
  return process;
}

Process Process::edm(double sigma_min, double sigma_max) {
  check_sigmas(sigma_min, sigma_max);
  Process process;
  process.kind_ = Kind::edm, process.first_ = sigma_min, process.second_ = sigma_max;
  process.t0_ = sigma_min, process.end_ = sigma_max;
  process.text_ = with_numbers("edm", "sigma_min", sigma_min, "sigma_max", sigma_max);
  return process;
}

Process Process::flow() {
  Process process;
  process.kind_ = Kind::flow, process.end_ = 0.999, process.text_ = "flow";
  return process;
}

Process Process::parse(std::string_view text, const std::filesystem::path& base) {
  const CallText call = CallText::parse(text, "process");
  if (call.name == "vp-linear") return vp_linear(call.number("beta0", 0, 0.1), call.number("beta1", 1, 20));
  if (call.name == "sub-vp") return sub_vp(call.number("beta0", 0, 0.1), call.number("beta1", 1, 20));
  if (call.name == "ve") return ve(call.number("sigma_min", 0, 0.01), call.number("sigma_max", 1, 50));
  if (call.name == "edm") return edm(call.number("sigma_min", 0, 0.002), call.number("sigma_max", 1, 80));
  if (call.name == "vp-cosine") return vp_cosine();
  if (call.name == "flow") return flow();
  if (call.name == "vp-table") {
    if (call.arguments.size() != 1)
      throw InvalidInput("process: vp-table needs a file, vp-table(alpha_bar.csv)");
    const std::filesystem::path path = call.arguments.front().text;
    const Eigen::MatrixXd table = read_point_set(path.is_absolute() ? path : base / path).points;
    if (table.rows() != 1)
      throw InvalidInput("process: {} has {} columns, one is expected", path.string(), table.rows());
    return vp_table({table.data(), table.data() + table.size()});
  }
  const std::vector<std::string> known = {"vp-linear", "vp-cosine", "vp-table", "sub-vp",
                                          "ve",        "edm",       "flow"};
  throw InvalidInput("process: unknown {}{}", quote(call.name), hint(call.name, known));
}

Process Process::between(double t0, double end) const {
  const bool inside = kind_ == Kind::vp_linear || kind_ == Kind::sub_vp ? t0 > 0
                      : kind_ == Kind::vp_cosine || kind_ == Kind::flow ? t0 > 0 && end < 1
                      : kind_ == Kind::vp_table                         ? t0 >= 0 && end <= end_
                      : kind_ == Kind::edm                              ? t0 > 0
                                                                        : true;
  if (!(t0 < end) || !inside || !std::isfinite(end))
    throw InvalidInput("process: {} is not defined between the times {:g} and {:g}", text_, t0, end);
  Process process = *this;
  process.t0_ = t0, process.end_ = end;
  return process;
}

double Process::log_a(double t) const {
  switch (kind_) {
    case Kind::vp_linear:
    case Kind::sub_vp:
      return -t * (0.25 * t * (second_ - first_) + 0.5 * first_);
    case Kind::vp_cosine:
      return std::log(std::cos(cosine_angle(t)) / std::cos(cosine_angle(0)));
    case Kind::vp_table: {
      const auto last = static_cast<double>(log_alpha_bar_.size() - 1);
      const double below = std::clamp(std::floor(t), 0.0, last - 1), share = t - below;
      const auto i = static_cast<std::size_t>(below);
      return 0.5 * (log_alpha_bar_[i] + share * (log_alpha_bar_[i + 1] - log_alpha_bar_[i]));
    }
    case Kind::flow:
      return std::log1p(-t);
    default:
      return 0;
  }
}

double Process::log_s(double t) const {
  switch (kind_) {
    case Kind::sub_vp:
      return std::log(-std::expm1(2 * log_a(t)));
    case Kind::ve:
      return std::log(first_) + t * std::log(second_ / first_);
    case Kind::edm:
    case Kind::flow:
      return std::log(t);
    default:
      return log_s_of(log_a(t));
  }
}

double Process::dlog_a(double t) const {
  switch (kind_) {
    case Kind::vp_linear:
    case Kind::sub_vp:
      return -0.5 * (t * (second_ - first_) + first_);
    case Kind::vp_cosine:
      return -std::tan(cosine_angle(t)) * std::numbers::pi / 2 / (1 + cosine_shift);
    case Kind::vp_table: {
      const auto last = static_cast<double>(log_alpha_bar_.size() - 1);
      const auto i = static_cast<std::size_t>(std::clamp(std::floor(t), 0.0, last - 1));
      return 0.5 * (log_alpha_bar_[i + 1] - log_alpha_bar_[i]);
    }
    case Kind::flow:
      return -1 / (1 - t);
    default:
      return 0;
  }
}

double Process::dlog_s(double t) const {
  switch (kind_) {
    case Kind::ve:
      return std::log(second_ / first_);
    case Kind::edm:
    case Kind::flow:
      return 1 / t;
    default: {
      // s^2 = 1 - a^2: s'/s = -f a^2 / s^2; sub-vp has s = 1 - a^2.
      const double log_a2 = 2 * log_a(t), ratio = std::exp(log_a2) / -std::expm1(log_a2);
      return (kind_ == Kind::sub_vp ? -2 : -1) * dlog_a(t) * ratio;
    }
  }
}

double Process::a(double t) const { return std::exp(log_a(t)); }

double Process::s(double t) const {
  if (kind_ == Kind::edm || kind_ == Kind::flow) return t;
  return kind_ == Kind::sub_vp || kind_ == Kind::ve ? std::exp(log_s(t))
                                                    : std::sqrt(-std::expm1(2 * log_a(t)));
}

double Process::rho(double t) const { return variance_exploding() ? s(t) : std::exp(-lambda(t)); }
double Process::dlambda(double t) const { return dlog_a(t) - dlog_s(t); }
double Process::g2(double t) const { return -2 * std::exp(2 * log_s(t)) * dlambda(t); }

double Process::t_of_lambda(double lambda) const {
  if (kind_ == Kind::vp_linear) {
    // -log a = log(1 + e^(-2 lambda)) / 2 =: L solves (beta1 - beta0) t^2 / 4 + beta0 t / 2 = L.
    const double half = lambda < 0 ? -lambda + 0.5 * std::log1p(std::exp(2 * lambda))
                                   : 0.5 * std::log1p(std::exp(-2 * lambda));
    return 2 * half / (0.5 * first_ + std::sqrt(0.25 * first_ * first_ + (second_ - first_) * half));
  }
  if (kind_ == Kind::ve) return (-lambda - std::log(first_)) / std::log(second_ / first_);
  if (kind_ == Kind::edm) return std::exp(-lambda);
  if (kind_ == Kind::flow) return 1 / (1 + std::exp(lambda));
  // lambda falls with t: bisection until neighbouring doubles.
  double low = kind_ == Kind::vp_table ? 0 : 1e-12, high = kind_ == Kind::vp_table    ? end_
                                                           : kind_ == Kind::vp_cosine ? 1 - 1e-9
                                                                                      : 2 * end_;
  for (int i = 0; i < 200; ++i) {
    const double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high) break;
    (this->lambda(middle) > lambda ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

double Process::t_of_rho(double rho) const { return kind_ == Kind::edm ? rho : t_of_lambda(-std::log(rho)); }

double Process::prior_deviation() const {
  return variance_exploding() || a(end_) < 0.1 ? s(end_) : std::hypot(a(end_), s(end_));
}

PosteriorStep posterior_step(const Process& process, double t, double s) {
  const double a_ts = std::exp(process.log_a(t) - process.log_a(s)), s_s = process.s(s), s_t = process.s(t);
  // v_ts / s_t^2 = 1 - e^(2 (lambda_t - lambda_s)), without cancellation.
  const double share = -std::expm1(2 * (process.lambda(t) - process.lambda(s)));
  return {a_ts * s_s * s_s / (s_t * s_t), process.a(s) * share, share * s_s * s_s};
}

}  // namespace lehr::diffusion
