#include "lehr/core/json.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "lehr/core/errors.hpp"

namespace lehr {
namespace {

constexpr std::size_t kDeepest = 200;

struct Place {
  std::int64_t line;
  std::size_t column;
};

// Line and column of the `position`-th byte (from 1) of a text whose first line has the number `first_line`.
Place place_of(std::string_view text, std::size_t position, std::int64_t first_line) {
  const std::string_view before = text.substr(0, position == 0 ? 0 : position - 1);
  const std::size_t newline = before.rfind('\n');
  return {first_line + std::count(before.begin(), before.end(), '\n'),
          before.size() - (newline == std::string_view::npos ? 0 : newline + 1) + 1};
}

// The reason inside nlohmann's "[json.exception...] parse error at ...: syntax error while parsing value -
// REASON; last read: '...'; expected ...", without what was read: that may be long and hostile.
std::string reason_of(const nlohmann::detail::exception& error) {
  constexpr int kNumberOverflow = 406;
  if (error.id == kNumberOverflow) return "a number beyond the range of doubles";
  const std::string_view message = error.what();
  const std::size_t dash = message.find(" - ");
  const std::string_view reason = dash == std::string_view::npos ? message : message.substr(dash + 3);
  return std::string(reason.substr(0, std::min(reason.find("; last read"), reason.size())));
}

// The keys of an open object. Small objects are searched as they are, large ones by a hash table.
class Keys {
 public:
  explicit Keys(Json::object_t* object) : object_(object) {}

  bool add(const std::string& key) {
    constexpr std::size_t kSmall = 16;
    if (object_->size() < kSmall)
      return std::none_of(object_->begin(), object_->end(),
                          [&](const auto& entry) { return entry.first == key; });
    if (seen_.empty())
      for (const auto& [known, value] : *object_) seen_.insert(known);
    return seen_.insert(key).second;
  }

 private:
  Json::object_t* object_;
  std::unordered_set<std::string> seen_;
};

// Builds the value from the parser's events; stops at the first fault and keeps its reason.
class Builder {
 public:
  explicit Builder(Json& root) : root_(root) {}

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(Json::number_integer_t value) { return add(value); }
  bool number_unsigned(Json::number_unsigned_t value) { return add(value); }
  bool number_float(Json::number_float_t value, const std::string&) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(Json::binary_t&) { return false; }
  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    if (!open_.back().keys.add(name)) return fault(fmt::format("the key {} appears twice", quote(name)));
    auto& object = open_.back().value->get_ref<Json::object_t&>();
    object.Json::object_t::Container::emplace_back(std::move(name), nullptr);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) {
    position_ = position;
    return fault(reason_of(error));
  }

  const std::string& reason() const { return reason_; }
  std::size_t position() const { return position_; }

 private:
  struct Level {
    Json* value;
    Keys keys;
  };

  bool fault(std::string reason) {
    reason_ = std::move(reason);
    return false;
  }
  bool add(Json&& value) {
    place(std::move(value));
    return true;
  }
  // Only the last child of an open value is ever open, so that growing a container never moves an open value.
  Json* place(Json&& value) {
    if (open_.empty()) return &(root_ = std::move(value));
    Json& parent = *open_.back().value;
    if (parent.is_array()) {
      parent.get_ref<Json::array_t&>().push_back(std::move(value));
      return &parent.get_ref<Json::array_t&>().back();
    }
    Json& slot = parent.get_ref<Json::object_t&>().back().second;
    slot = std::move(value);
    return &slot;
  }
  bool open(Json&& value) {
    if (open_.size() == kDeepest) return fault(fmt::format("nested deeper than {} levels", kDeepest));
    Json* placed = place(std::move(value));
    open_.push_back({placed, Keys(placed->is_object() ? placed->get_ptr<Json::object_t*>() : nullptr)});
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  Json& root_;
  std::vector<Level> open_;
  std::string reason_;
  std::size_t position_ = 0;
};

// The text's characters for the parser, counted, so that faults that only the builder sees have a place too.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    *furthest_ = ++at_;
    return *this;
  }
  friend bool operator==(const CountingIterator& a, const CountingIterator& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  const char** furthest_;
};

[[noreturn]] void refuse(std::string_view text, std::size_t position, std::string_view where,
                         std::int64_t first_line, std::string_view reason) {
  const Place place = place_of(text, position, first_line);
  throw InvalidInput("{}:{}:{}: {}", where, place.line, place.column, reason);
}

}  // namespace

Json json_number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

double number_from(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (value == "inf") return std::numeric_limits<double>::infinity();
  if (value == "-inf") return -std::numeric_limits<double>::infinity();
  throw InvalidInput("expected a number, or \"nan\", \"inf\", \"-inf\"; found {}",
                     value.is_string() ? quote(value.get_ref<const std::string&>())
                                       : fmt::format("JSON of type {}", value.type_name()));
}

Json parse_json(std::string_view text, std::string_view where, std::int64_t first_line) {
  // The parser takes a NUL byte for the end of the text.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
    refuse(text, nul + 1, where, first_line, "a NUL byte");
  Json root;
  Builder builder(root);
  const char* furthest = text.data();
  const CountingIterator begin(text.data(), &furthest), end(text.data() + text.size(), &furthest);
  if (!Json::sax_parse(begin, end, &builder))
    refuse(text,
           builder.position() != 0 ? builder.position() : static_cast<std::size_t>(furthest - text.data()),
           where, first_line, builder.reason());
  return root;
}

namespace {

std::string difference_below(const Json& before, const Json& now, const std::string& path) {
  const auto shown = [](const Json& value) {
    return quote(value.dump(-1, ' ', false, Json::error_handler_t::replace), 60);
  };
  if (!before.is_object() || !now.is_object())
    return fmt::format("{} was {}, is {}", path, shown(before), shown(now));
  const auto inner = [&](const std::string& key) { return path.empty() ? key : path + "." + key; };
  for (const auto& [key, value] : before.items()) {
    if (!now.contains(key)) return fmt::format("{} is gone", inner(key));
    if (now[key] != value) return difference_below(value, now[key], inner(key));
  }
  for (const auto& [key, value] : now.items())
    if (!before.contains(key)) return fmt::format("{} is new", inner(key));
  return "the order of the keys";
}

}  // namespace

std::string first_difference(const Json& before, const Json& now) {
  return difference_below(before, now, "");
}

}  // namespace lehr
