#include "lehr/core/state_io.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "lehr/core/safetensors.hpp"

namespace lehr {

void save_state(const std::filesystem::path& path, const StateTensors& tensors) {
  TensorViews views;
  for (const auto& [field, tensor] : tensors) {
    const std::optional<ElementType> type = element_type_named(tensor.type);
    if (!type) throw InvalidInput("checkpoint field {}: unknown type {}", quote(field), quote(tensor.type));
    views.emplace(field, TensorView{*type, tensor.shape, tensor.bytes});
  }
  write_safetensors(path, views, {{"content", "lehr state"}});
}

StateTensors load_state(const std::filesystem::path& path) {
  const MappedFile file(path);
  const SafetensorsContent content = parse_safetensors(file.bytes(), path.native());
  StateTensors tensors;
  for (const auto& [field, view] : content.tensors)
    tensors.emplace(field, StateTensor{name(view.type), view.shape, {view.bytes.begin(), view.bytes.end()}});
  return tensors;
}

namespace state_types {

StateTensor pack(const char* type, std::vector<std::int64_t> shape, const void* data, std::size_t bytes) {
  const auto* begin = static_cast<const std::byte*>(data);
  return {type, std::move(shape), {begin, begin + bytes}};
}

const StateTensor& take(const StateTensors& tensors, std::string_view field, const char* type) {
  const auto found = tensors.find(field);
  if (found == tensors.end()) {
    std::vector<std::string> known;
    for (const auto& [name, tensor] : tensors) known.push_back(name);
    throw InvalidInput("the checkpoint has no field {}{}", quote(field), hint(field, known));
  }
  if (found->second.type != type)
    throw InvalidInput("checkpoint field {}: expected type {}, found {}", quote(field), type,
                       found->second.type);
  return found->second;
}

void unpack(const StateTensor& tensor, std::string_view field, void* data, std::size_t bytes) {
  if (tensor.bytes.size() != bytes)
    throw InvalidInput("checkpoint field {}: expected {} bytes, found {}", quote(field), bytes,
                       tensor.bytes.size());
  const bool is_truth_value = tensor.type == "BOOL";
  if (is_truth_value &&
      std::any_of(tensor.bytes.begin(), tensor.bytes.end(), [](std::byte b) { return b > std::byte{1}; }))
    throw InvalidInput("checkpoint field {}: a truth value is neither 0 nor 1", quote(field));
  if (bytes > 0) std::memcpy(data, tensor.bytes.data(), bytes);
}

}  // namespace state_types
}  // namespace lehr
