#include "lehr/diffusion/interpolant/learned_field.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/diffusion/residual_network.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

constexpr double network_difference = 5e-3;  // networks count in single precision

const std::string* metadata_text(const Metadata& metadata, std::string_view key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? nullptr : &found->second;
}

const std::string& wanted_metadata(const Metadata& metadata, std::string_view key, const std::string& where) {
  const std::string* text = metadata_text(metadata, key);
  if (text == nullptr)
    throw InvalidInput("{}: no metadata '{}'; expected a model that diffusion.learn_interpolant wrote", where,
                       key);
  return *text;
}

double metadata_number(const Metadata& metadata, std::string_view key, const std::string& where) {
  const std::string& text = wanted_metadata(metadata, key, where);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw InvalidInput("{}: the metadata '{}' is {}, not a number", where, key, quote(text));
  return value;
}

InterpolantOptions options_from(const Metadata& metadata, const std::string& where) {
  InterpolantOptions options;
  options.path = wanted_metadata(metadata, "path", where);
  options.gamma = wanted_metadata(metadata, "gamma", where);
  options.gamma_scale = metadata_number(metadata, "gamma_scale", where);
  if (const std::string* text = metadata_text(metadata, "alpha")) options.alpha = Schedule::parse(*text);
  if (const std::string* text = metadata_text(metadata, "beta")) options.beta = Schedule::parse(*text);
  return options;
}

ScoreModel network_of(const NetworkFile& file, const std::string& prefix, Index dimension,
                      const std::string& where) {
  NetworkFile own;
  for (const auto& [name, tensor] : file.tensors)
    if (name.starts_with(prefix)) own.tensors[name.substr(prefix.size())] = tensor;
  if (own.tensors.empty())
    throw InvalidInput("{}: no tensors {}*, which the metadata 'learn' promises", where, prefix);
  ScoreModel model = residual_network(own, where + ": " + prefix);
  if (model.dimension != dimension)
    throw InvalidInput("{}: {}* is of {} coordinates, the metadata 'dimension' says {}", where, prefix,
                       model.dimension, dimension);
  return model;
}

MatrixXd evaluate_network(const Evaluate& network, const Lanes& points) {
  Lanes out(points.rows(), points.cols());
  network(points, out);
  return out.matrix().transpose();
}

// Both networks made ready for one time, and how they make b and s.
struct LearnedAtTime {
  LearnedParts parts;
  NoisePart noise;
  Evaluate velocity, score;

  void operator()(const PointsRef& x, const FieldParts& asked, FieldValues& values) const {
    const Lanes points = x.transpose().array();
    const bool from_score = parts.velocity != LearnedParts::Velocity::full;
    MatrixXd s;
    if (score && (asked.score || from_score)) {
      s = evaluate_network(score, points);
      if (parts.score == LearnedParts::Score::denoiser) s /= -noise.size;
    }
    if (velocity)
      values.velocity = evaluate_network(velocity, points);
    else
      values.velocity = MatrixXd::Zero(x.rows(), x.cols());
    if (from_score && s.size() > 0) values.velocity -= noise.product * s;
    if (asked.score) values.score = std::move(s);
  }
};

}  // namespace

LearnedParts LearnedParts::parse(const std::string& text) {
  constexpr auto none = std::pair(Velocity::none, Score::none);
  const std::pair<const char*, std::pair<Velocity, Score>> known[] = {
      {"b", {Velocity::full, Score::none}},
      {"b,eta", {Velocity::full, Score::denoiser}},
      {"v,eta", {Velocity::conditional, Score::denoiser}},
      {"b,s", {Velocity::full, Score::score}},
      {"v,s", {Velocity::conditional, Score::score}},
      {"eta", {Velocity::none, Score::denoiser}},
      {"s", {Velocity::none, Score::score}}};
  auto chosen = none;
  for (const auto& [name, parts] : known)
    if (text == name) chosen = parts;
  if (chosen == none)
    throw InvalidInput("learn {}: expected b,eta, v,eta, b,s, v,s, b, or with the path mirror eta or s",
                       quote(text));
  return {chosen.first, chosen.second};
}

std::string LearnedParts::text() const {
  const std::string left = velocity == Velocity::none ? "" : velocity == Velocity::full ? "b" : "v";
  const std::string right = score == Score::none ? "" : score == Score::denoiser ? "eta" : "s";
  return left + (left.empty() || right.empty() ? "" : ",") + right;
}

void LearnedParts::check(const Interpolant& interpolant) const {
  if (!has_velocity() && !interpolant.mirror())
    throw InvalidInput("learn {}: the score alone gives a velocity on the path mirror only; add b or v",
                       quote(text()));
  if (has_score() && !(noise_part(interpolant, 0.5).size > 0))
    throw InvalidInput(
        "learn {}: there is no noise, so there is no score either; learn b, or choose a gamma above 0",
        quote(text()));
}

NoisePart noise_part(const Interpolant& interpolant, double t) {
  const PathPoint path = interpolant.at(t);
  if (interpolant.one_sided()) return {path.alpha, path.alpha_product};
  return {path.gamma, path.gamma_product};
}

Metadata learned_metadata(const InterpolantOptions& options, const LearnedParts& parts, Index dimension,
                          double margin) {
  Metadata metadata{{"kind", "stochastic interpolant"},
                    {"learn", parts.text()},
                    {"path", options.path},
                    {"gamma", options.gamma},
                    {"gamma_scale", fmt::format("{}", options.gamma_scale)},
                    {"dimension", fmt::format("{}", dimension)},
                    {"margin", fmt::format("{}", margin)}};
  if (options.alpha) metadata["alpha"] = options.alpha->text();
  if (options.beta) metadata["beta"] = options.beta->text();
  return metadata;
}

LearnedInterpolant read_learned_interpolant(const std::filesystem::path& path) {
  const std::string where = path.string();
  const Metadata metadata = Safetensors(path).metadata();
  LearnedInterpolant learned;
  learned.content = fmt::format("{:016x}", lane(read_file(path)));
  learned.parts = LearnedParts::parse(wanted_metadata(metadata, "learn", where));
  learned.options = options_from(metadata, where);
  learned.margin = metadata_number(metadata, "margin", where);
  if (!(learned.margin >= 0 && learned.margin < 0.5))
    throw InvalidInput("{}: the metadata 'margin' is {:g}, expected a number in [0, 0.5)", where,
                       learned.margin);
  const auto dimension = static_cast<Index>(metadata_number(metadata, "dimension", where));
  const NetworkFile file = read_network(path);
  const Interpolant interpolant = learned.interpolant();
  learned.parts.check(interpolant);
  ScoreModel velocity, score;
  if (learned.parts.has_velocity()) velocity = network_of(file, "velocity.", dimension, where);
  if (learned.parts.has_score()) score = network_of(file, "denoiser.", dimension, where);
  const double first = learned.margin;
  if (learned.parts.score == LearnedParts::Score::denoiser)
    for (const double t : {first, 1 - first})
      if (!(noise_part(interpolant, t).size > 0) && !(interpolant.one_sided() && t < 0.5))
        throw InvalidInput(
            "{}: there is no noise at t = {:g}, where the denoiser is to give a score; the margin is too "
            "small",
            where, t);
  TransportField field{.dimension = dimension, .has_score = learned.parts.has_score(), .at = {}};
  field.at = [parts = learned.parts, interpolant, velocity, score, first](double t) -> FieldAtTime {
    const double inside = std::clamp(t, first, 1 - first);
    return LearnedAtTime{.parts = parts,
                         .noise = noise_part(interpolant, inside),
                         .velocity = velocity.at ? velocity.at(inside) : Evaluate(),
                         .score = score.at ? score.at(inside) : Evaluate()};
  };
  learned.field = with_divergence(std::move(field), {1}, 4, network_difference);
  return learned;
}

}  // namespace lehr::diffusion
