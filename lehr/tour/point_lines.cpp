#include "lehr/tour/point_lines.hpp"

#include <algorithm>
#include <map>

#include "lehr/core/number_text.hpp"
#include "lehr/tour/line_words.hpp"

namespace lehr::tour {

namespace {

Problem problem_of_line(LineWords& line) {
  std::vector<double> coordinates;
  std::vector<std::int64_t> tour;
  bool in_tour = false;
  while (const auto word = line.word()) {
    if (!in_tour && *word == "output")
      in_tour = true;
    else if (in_tour)
      tour.push_back(line.whole(*word, "a city of the tour"));
    else
      coordinates.push_back(line.finite(*word, "a coordinate or 'output'"));
  }
  if (coordinates.size() % 2 != 0)
    line.refuse("{} coordinates are not x and y of every city", coordinates.size());
  if (coordinates.size() < 6) line.refuse("{} cities; a tour needs at least 3", coordinates.size() / 2);
  Problem problem;
  problem.line = line.number();
  try {
    problem.instance = with_positions(std::move(coordinates), 2);
  } catch (const InvalidInput& error) {
    line.refuse("{}", error.what());
  }
  if (tour.size() > 1 && tour.front() == tour.back()) tour.pop_back();
  if (!tour.empty())
    problem.stored = order_of_ids(problem, tour, fmt::format("{}:{}: output", line.file(), line.number()));
  return problem;
}

}  // namespace

std::vector<Problem> parse_point_lines(std::string_view text, const std::string& file,
                                       const std::vector<std::int64_t>& wanted) {
  std::map<std::int64_t, Problem> found;
  LineWords lines(text, file);
  std::int64_t last = 0;
  while (lines.next_line()) {
    if (lines.line().empty()) continue;
    last = lines.number();
    if (wanted.empty() || std::ranges::find(wanted, lines.number()) != wanted.end())
      found.emplace(lines.number(), problem_of_line(lines));
  }
  std::vector<Problem> problems;
  for (const std::int64_t number : wanted) {
    const auto at = found.find(number);
    if (at == found.end())
      throw InvalidInput("{}: there is no problem on line {}; the last one is on line {}", file, number,
                         last);
    problems.push_back(at->second);
  }
  if (wanted.empty())
    for (auto& [number, problem] : found) problems.push_back(std::move(problem));
  if (problems.empty()) throw InvalidInput("{}: holds no problem", file);
  return problems;
}

std::string point_line(const Problem& problem) {
  const Instance& instance = problem.instance;
  if (instance.dimension != 2 || instance.coordinates.empty())
    throw InvalidInput("{}: a line of points needs coordinates in the plane", problem.title());
  std::string text;
  for (const double x : instance.coordinates) text += text.empty() ? "" : " ", append_number(text, x);
  if (problem.stored.empty()) return text + "\n";
  text += " output";
  for (const City city : problem.stored) text += fmt::format(" {}", city + 1);
  return text + fmt::format(" {}\n", problem.stored.front() + 1);
}

}  // namespace lehr::tour
