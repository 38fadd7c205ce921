#include "lehr/neural/byte_corpus.hpp"

#include <cmath>

#include "lehr/core/errors.hpp"
#include "lehr/core/files.hpp"

namespace lehr::neural {
namespace {

constexpr std::uint64_t size_limit = std::uint64_t{4} << 30;

void require_window(std::int64_t size, std::int64_t context, const char* part, const std::string& name) {
  if (size <= context)
    throw InvalidInput("{}: the {} part has {} bytes, a context of {} needs at least {}", name, part, size,
                       context, context + 1);
}

}  // namespace

ByteCorpus::ByteCorpus(std::string bytes, double validation_share, std::int64_t context,
                       const std::string& name)
    : bytes_(std::move(bytes)), context_(context) {
  if (bytes_.empty()) throw InvalidInput("{}: the text is empty", name);
  const auto size = static_cast<double>(bytes_.size());
  training_size_ = static_cast<std::int64_t>(std::floor(size * (1 - validation_share)));
  require_window(training_size_, context_, "training", name);
  require_window(validation_size(), context_, "validation", name);
}

ByteCorpus ByteCorpus::read(const std::filesystem::path& path, double validation_share,
                            std::int64_t context) {
  return {read_file(path, size_limit), validation_share, context, path.string()};
}

ByteBatch ByteCorpus::training_batch(Stream random, std::int64_t count) const {
  ByteBatch batch{count, context_, {}, {}};
  for (std::int64_t i = 0; i < count; ++i)
    append_window(batch, uniform_index(random, training_size_ - context_));
  return batch;
}

ByteBatch ByteCorpus::validation_batch(std::int64_t first, std::int64_t count, std::int64_t windows) const {
  ByteBatch batch{count, context_, {}, {}};
  const std::int64_t last_start = validation_size() - context_ - 1;
  for (std::int64_t i = first; i < first + count; ++i)
    append_window(batch, training_size_ + (windows > 1 ? last_start * i / (windows - 1) : 0));
  return batch;
}

void ByteCorpus::append_window(ByteBatch& batch, std::int64_t start) const {
  for (std::int64_t i = start; i < start + context_; ++i) {
    batch.inputs.push_back(static_cast<unsigned char>(bytes_[static_cast<std::size_t>(i)]));
    batch.targets.push_back(static_cast<unsigned char>(bytes_[static_cast<std::size_t>(i + 1)]));
  }
}

}  // namespace lehr::neural
