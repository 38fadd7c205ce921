// References between the parts of a study, in place of an option's value:
//
//   "@search"            the value found by the [search] block
//   "@arm/artifact"      an artifact of an earlier arm: its content where it is text ("txt"), else the path
//   of its file
//   "@arm/metric:NAME"   a metric of an earlier arm, as a number
//
// An arm of several seeds refers to the same seed of the other arm, or to its only one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lehr/core/json.hpp"
#include "lehr/study/study.hpp"

namespace lehr::study {

// The name under which the search is kept beside the arms.
inline constexpr const char* search_arm = "@search";

struct Reference {
  enum class Kind { search, artifact, metric };
  Kind kind = Kind::search;
  std::string arm, name;  // of the artifact or metric
};

// The reference that an option's value is, or nothing for an ordinary value. Throws InvalidInput, starting
// with `where`, for a text that begins with '@' and is no reference.
std::optional<Reference> read_reference(const Json& value, const std::string& where);

// All references in `options`. `where` starts messages; `visit` receives the option's name and the reference.
void for_each_reference(const Json& options, const std::string& where,
                        const std::function<void(const std::string& option, const Reference&)>& visit);

// `options` with each reference replaced by value_of(option, reference).
Json resolve_references(const Json& options, const std::string& where,
                        const std::function<Json(const std::string& option, const Reference&)>& value_of);

// The seed of `other` that seed `seed` of an arm refers to. Throws InvalidInput, starting with `where`.
std::uint64_t referred_seed(const Arm& other, std::uint64_t seed, const std::string& where);

// Checks that references go to earlier arms that have the seeds, and to the search only where there is one.
// Throws InvalidInput.
void check_references(const Study& study);

// The arms (and search_arm) in groups: those of a group depend on earlier groups alone. Needs checked
// references.
std::vector<std::vector<std::string>> stages(const Study& study);

}  // namespace lehr::study
