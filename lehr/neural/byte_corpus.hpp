// A text file as a sequence of byte ids, cut into a training and a validation part.
//
// The validation part is the last `validation_share` of the bytes. Training batches are addressed, not
// consumed: the windows of a step are drawn uniformly with replacement from the stream of that step, so a
// batch depends on (seed, step) alone and a resumed run sees the batches of the uninterrupted one. Validation
// windows lie evenly spread over their part and are the same in every evaluation.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "lehr/core/random.hpp"

namespace lehr::neural {

// Windows of text: `count` rows of `length` byte ids in [0, 255] and, at the same place, the byte that
// follows each.
struct ByteBatch {
  std::int64_t count = 0, length = 0;
  std::vector<std::int64_t> inputs, targets;  // row-major, count x length
};

class ByteCorpus {
 public:
  // `name` stands in messages; `context` is the length of a window. Throws InvalidInput when either part is
  // shorter than one window and the byte that follows it.
  ByteCorpus(std::string bytes, double validation_share, std::int64_t context,
             const std::string& name = "text");
  // Reads a file of at most 4 GiB; throws IoError, or InvalidInput as above.
  static ByteCorpus read(const std::filesystem::path& path, double validation_share, std::int64_t context);

  // `count` windows of the training part, drawn from `random`.
  ByteBatch training_batch(Stream random, std::int64_t count) const;
  // Windows first .. first + count - 1 of `windows` evenly spread ones of the validation part.
  ByteBatch validation_batch(std::int64_t first, std::int64_t count, std::int64_t windows) const;

  std::int64_t context() const { return context_; }
  std::int64_t training_size() const { return training_size_; }
  std::int64_t validation_size() const { return static_cast<std::int64_t>(bytes_.size()) - training_size_; }
  const std::string& bytes() const { return bytes_; }

 private:
  void append_window(ByteBatch& batch, std::int64_t start) const;

  std::string bytes_;
  std::int64_t context_ = 0, training_size_ = 0;
};

}  // namespace lehr::neural
