#include "lehr/sample/shared_object_model.hpp"

#include <dlfcn.h>

#include <memory>
#include <set>

#include "lehr/core/errors.hpp"

namespace lehr::sample {
namespace {

using ModelFunction = int(std::size_t, std::size_t, std::size_t, const double*, double*);
using NamesFunction = const char*();

struct CloseObject {
  void operator()(void* object) const { dlclose(object); }
};

std::shared_ptr<void> open_object(const std::filesystem::path& path) {
  // An absolute path, so that the loader's own search paths do not matter.
  void* const object = dlopen(std::filesystem::absolute(path).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (object == nullptr) {
    const char* const reason = dlerror();
    throw IoError(path.string(), reason != nullptr ? reason : "cannot be loaded");
  }
  return {object, CloseObject()};
}

std::vector<std::string> output_names(void* object, const std::filesystem::path& path) {
  auto* const names = reinterpret_cast<NamesFunction*>(dlsym(object, "lehr_model_outputs"));
  const char* const text = names != nullptr ? names() : "y";
  std::vector<std::string> list(1);
  for (const char* c = text; c != nullptr && *c != '\0'; ++c)
    if (*c == ',')
      list.emplace_back();
    else if (*c != ' ')
      list.back() += *c;
  std::set<std::string> seen;
  for (const std::string& name : list)
    if (name.empty() || !seen.insert(name).second)
      throw InvalidInput("{}: lehr_model_outputs() names an output {}", path.string(),
                         name.empty() ? "with no letters" : quote(name) + " twice");
  return list;
}

}  // namespace

ForwardModel shared_object_model(const std::filesystem::path& path, std::vector<std::string> inputs,
                          CallFrom call_from) {
  const std::shared_ptr<void> object = open_object(path);
  auto* const function = reinterpret_cast<ModelFunction*>(dlsym(object.get(), "lehr_model"));
  if (function == nullptr)
    throw InvalidInput("{}: it has no function lehr_model (with C linkage)", path.string());
  ForwardModel model{std::move(inputs), output_names(object.get(), path), {}};
  model.evaluate = [object, function, call_from, name = path.string(), d = model.inputs.size(),
                    m = model.outputs.size()](const Points& points) {
    const Eigen::MatrixXd rows = points;  // a point per column is a row after another in C
    Eigen::MatrixXd values(static_cast<Index>(m), points.cols());
    const auto call = [&](Index first, Index count) {
      const int code =
          function(d, m, static_cast<std::size_t>(count), rows.col(first).data(), values.col(first).data());
      if (code != 0) throw NumericalFailure("{}: lehr_model returned {}", name, code);
    };
    if (call_from == CallFrom::several_threads)
      for_point_blocks(points.cols(), call);
    else
      call(0, points.cols());
    return values;
  };
  return model;
}

}  // namespace lehr::sample
