#include "lehr/diffusion/bridge/bridge_file.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"
#include "lehr/core/number_text.hpp"
#include "lehr/core/safetensors.hpp"
#include "lehr/diffusion/mixture_file.hpp"

namespace lehr::diffusion {
namespace {

using Eigen::MatrixXd;
using stats::CovarianceShape;

const Json& entry(const Json& value, const char* key, std::string_view where) {
  const auto found = value.find(key);
  if (found == value.end()) throw InvalidInput("{}: a bridge needs the key '{}'", where, key);
  return *found;
}

double finite_number(const Json& value, std::string_view key, std::string_view where) {
  if (!value.is_number() || !std::isfinite(value.get<double>()))
    throw InvalidInput("{}: {} has {} where a finite number belongs", where, key, quote(value.dump()));
  return value.get<double>();
}

// A list of `columns` lists as a matrix with a column for each; 0: any number of columns or rows.
MatrixXd matrix_at(const Json& value, const char* key, std::string_view where, Index rows, Index columns) {
  const Json& list = entry(value, key, where);
  if (!list.is_array() || list.empty() || (columns > 0 && list.size() != static_cast<std::size_t>(columns)))
    throw InvalidInput("{}: {} is no list of {} entries", where, key,
                       columns > 0 ? std::to_string(columns) : std::string("at least 1"));
  const auto numbers = [&](const Json& one) {  // a matrix of a component in one run of numbers
    std::vector<double> flat;
    for (const Json& item : one)
      if (item.is_array())
        for (const Json& inner : item) flat.push_back(finite_number(inner, key, where));
      else
        flat.push_back(finite_number(item, key, where));
    return flat;
  };
  MatrixXd matrix;
  for (std::size_t k = 0; k < list.size(); ++k) {
    if (!list[k].is_array()) throw InvalidInput("{}: {}[{}] is no list of numbers", where, key, k);
    const std::vector<double> flat = numbers(list[k]);
    if (k == 0)
      matrix.resize(rows > 0 ? rows : static_cast<Index>(flat.size()), static_cast<Index>(list.size()));
    if (flat.empty() || static_cast<Index>(flat.size()) != matrix.rows())
      throw InvalidInput("{}: {}[{}] has {} numbers, expected {}", where, key, k, flat.size(), matrix.rows());
    matrix.col(static_cast<Index>(k)) = Eigen::Map<const Eigen::VectorXd>(flat.data(), matrix.rows());
  }
  return matrix;
}

template <class Column>
Json list_of(const Column& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(value);
  return list;
}

void check_symmetry(const LightBridge& model, std::string_view where) {
  if (model.shape != CovarianceShape::full) return;
  for (Index k = 0; k < model.components(); ++k) {
    const MatrixXd spread = model.spread(k);
    if ((spread - spread.transpose()).cwiseAbs().maxCoeff() > 1e-8 * spread.cwiseAbs().maxCoeff())
      throw InvalidInput("{}: S_full[{}] is not symmetric", where, k);
  }
}

double number_of_metadata(const Metadata& metadata, const char* key, const std::string& where) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) throw InvalidInput("{}: the metadata has no '{}'", where, key);
  const auto number = parse_json(found->second, where + ": " + key);
  return finite_number(number, key, where);
}

}  // namespace

Json bridge_json(const LightBridge& model) {
  const bool full = model.shape == CovarianceShape::full;
  const Index d = model.dimension();
  Json json;
  json["dim"] = d;
  json["epsilon"] = model.epsilon;
  json["scale"] = model.scale;
  json["log_alpha"] = list_of(model.log_alpha);
  Json centres = Json::array(), spreads = Json::array();
  for (Index k = 0; k < model.components(); ++k) {
    centres.push_back(list_of(model.r.col(k)));
    if (!full) {
      spreads.push_back(list_of(model.S.col(k)));
      continue;
    }
    Json matrix = Json::array();
    for (Index j = 0; j < d; ++j) matrix.push_back(list_of(model.S.col(k).segment(j * d, d)));
    spreads.push_back(std::move(matrix));
  }
  json["r"] = std::move(centres);
  json[full ? "S_full" : "S_diag"] = std::move(spreads);
  json.update(mixture_json(potential_mixture(model)));
  return json;
}

LightBridge bridge_from_json(const Json& value, std::string_view where) {
  if (!value.is_object())
    throw InvalidInput("{}: expected an object with epsilon, log_alpha, r and S_diag", where);
  LightBridge model;
  model.epsilon = finite_number(entry(value, "epsilon", where), "epsilon", where);
  if (value.contains("scale")) model.scale = finite_number(value["scale"], "scale", where);
  const Json& weights = entry(value, "log_alpha", where);
  if (!weights.is_array() || weights.empty())
    throw InvalidInput("{}: log_alpha is no list of numbers", where);
  model.log_alpha.resize(static_cast<Index>(weights.size()));
  for (std::size_t k = 0; k < weights.size(); ++k)
    model.log_alpha[static_cast<Index>(k)] = finite_number(weights[k], "log_alpha", where);
  const Index count = model.log_alpha.size();
  model.r = matrix_at(value, "r", where, 0, count);
  const Index d = model.r.rows();
  if (value.contains("dim") && finite_number(value["dim"], "dim", where) != static_cast<double>(d))
    throw InvalidInput("{}: dim is {}, but r has {} coordinates", where, value["dim"].dump(), d);
  if (value.contains("S_full")) {
    model.shape = CovarianceShape::full;
    model.S = matrix_at(value, "S_full", where, d * d, count);
    check_symmetry(model, where);
  } else {
    model.S = matrix_at(value, "S_diag", where, d, count);
  }
  try {
    BridgePlan checked(model);
  } catch (const InvalidInput& error) {
    throw InvalidInput("{}: {}", where, error.what());
  }
  return model;
}

void write_bridge(const std::filesystem::path& path, const LightBridge& model) {
  if (path.extension() == ".json") return write_file_atomically(path, bridge_json(model).dump(1) + "\n");
  if (path.extension() != ".safetensors")
    throw InvalidInput("{}: a bridge is saved as .json or .safetensors", path.string());
  const std::int64_t count = model.components(), d = model.dimension();
  const bool full = model.shape == CovarianceShape::full;
  const auto view = [](const auto& numbers, Shape shape) {
    return tensor_view<double>({numbers.data(), static_cast<std::size_t>(numbers.size())}, std::move(shape));
  };
  write_safetensors(path,
                    {{"log_alpha", view(model.log_alpha, {count})},
                     {"r", view(model.r, {count, d})},
                     {"S", view(model.S, full ? Shape{count, d, d} : Shape{count, d})}},
                    {{"epsilon", Json(model.epsilon).dump()}, {"scale", Json(model.scale).dump()}});
}

LightBridge read_bridge(const std::filesystem::path& path) {
  if (path.extension() != ".safetensors")
    return bridge_from_json(parse_json(read_file(path), path.string()), path.string());
  const std::string name = path.string();
  const Safetensors file(path);
  const TensorView &weights = file.at("log_alpha"), &centres = file.at("r"), &spreads = file.at("S");
  LightBridge model;
  model.epsilon = number_of_metadata(file.metadata(), "epsilon", name);
  model.scale = number_of_metadata(file.metadata(), "scale", name);
  if (weights.shape.size() != 1 || centres.shape.size() != 2 || centres.shape[0] != weights.shape[0])
    throw InvalidInput("{}: log_alpha {} and r {} do not fit", name, to_string(weights.shape),
                       to_string(centres.shape));
  const std::int64_t count = centres.shape[0], d = centres.shape[1];
  const bool full = spreads.shape == Shape{count, d, d};
  if (!full && spreads.shape != Shape{count, d})
    throw InvalidInput("{}: S has shape {}, expected [{},{}] or [{},{},{}]", name, to_string(spreads.shape),
                       count, d, count, d, d);
  const auto matrix = [](const TensorView& view, Index rows, Index columns) {
    const std::vector<double> numbers = view.to_doubles();
    return MatrixXd(Eigen::Map<const MatrixXd>(numbers.data(), rows, columns));
  };
  model.shape = full ? CovarianceShape::full : CovarianceShape::diagonal;
  model.log_alpha = matrix(weights, count, 1);
  model.r = matrix(centres, d, count);
  model.S = matrix(spreads, full ? d * d : d, count);
  check_symmetry(model, name);
  try {
    BridgePlan checked(model);
  } catch (const InvalidInput& error) {
    throw InvalidInput("{}: {}", name, error.what());
  }
  return model;
}

}  // namespace lehr::diffusion
