// A worker in C++: answers JSON lines with the model y = exp(0.2 x_1 + 0.3 x_2).
//
//   lehr sample expect --worker ./worker --law law.toml
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

using Json = nlohmann::ordered_json;

Json answer(const Json& item) {
  const auto x = item.at("x").get<std::vector<double>>();
  return {{"y", std::exp(0.2 * x.at(0) + 0.3 * x.at(1))}};
}

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const Json question = Json::parse(line);
    Json reply{{"id", question.at("id")}};
    if (question.contains("items"))
      for (const Json& item : question["items"]) reply["items"].push_back(answer(item));
    else
      reply.update(answer(question));
    std::cout << reply.dump() << std::endl;
  }
}
