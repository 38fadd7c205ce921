#include "lehr/diffusion/search/step_file.hpp"

#include "lehr/core/errors.hpp"
#include "lehr/core/options.hpp"

namespace lehr::diffusion {

StepList step_list_from_json(const Json& value, std::string_view where) {
  StepList list;
  try {
    for (const Json& time : value.at("times")) list.subset.times.push_back(option_types::to_integer(time));
    if (value.contains("total")) list.total = option_types::to_integer(value["total"]);
    list.options.sampler = value.value("sampler", list.options.sampler);
    if (value.contains("order")) list.options.order = OptionType<int>::from_json(value["order"]);
    if (value.contains("clip") && !value["clip"].is_null())
      list.options.clip = {value["clip"].at(0).get<double>(), value["clip"].at(1).get<double>()};
    if (value.contains("skips"))
      for (const Json& blocks : value["skips"]) {
        std::uint32_t bits = 0;
        for (const Json& entry : blocks) {
          const int block = OptionType<int>::from_json(entry);
          if (block < 0 || block >= 32)
            throw InvalidInput("{}: block {} is not between 0 and 31", where, block);
          bits |= 1u << block;
        }
        list.subset.skips.push_back(bits);
      }
  } catch (const nlohmann::json::exception&) {
    throw InvalidInput("{}: a step list has 'times', and numbers of the right kinds", where);
  }
  const auto& times = list.subset.times;
  if (times.empty()) throw InvalidInput("{}: a step list needs a time", where);
  if (!list.subset.skips.empty() && list.subset.skips.size() != times.size())
    throw InvalidInput("{}: {} times, but {} lists of skipped blocks", where, times.size(),
                       list.subset.skips.size());
  for (std::size_t i = 0; i < times.size(); ++i)
    if (times[i] < 0 || times[i] >= list.total || (i > 0 && times[i] >= times[i - 1]))
      throw InvalidInput("{}: time {} is {}; times must fall and lie in 0 .. {}", where, i, times[i],
                         list.total - 1);
  return list;
}

Json step_list_json(const StepList& list) {
  Json json;
  json["kind"] = "steps";
  json["sampler"] = list.options.sampler;
  if (list.options.sampler == "deis_tab") json["order"] = list.options.order;
  json["total"] = list.total;
  json["times"] = list.subset.times;
  if (!list.subset.skips.empty()) {
    json["skips"] = Json::array();
    for (const std::uint32_t bits : list.subset.skips) {
      Json blocks = Json::array();
      for (int b = 0; b < 32; ++b)
        if ((bits >> b & 1u) != 0) blocks.push_back(b);
      json["skips"].push_back(std::move(blocks));
    }
  }
  if (list.options.clip) json["clip"] = {list.options.clip->first, list.options.clip->second};
  return json;
}

}  // namespace lehr::diffusion
