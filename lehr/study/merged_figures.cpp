#include "lehr/study/merged_figures.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <optional>

#include "lehr/stats/summary.hpp"

namespace lehr::study {
namespace {

using SeriesList = std::vector<const Series*>;  // the same series under each seed

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

// Linear interpolation of (x, y), x ascending, at `at`; NaN outside.
double interpolated(const Series& series, double at) {
  const auto above = std::ranges::lower_bound(series.x, at);
  if (above == series.x.end()) return missing;
  const auto i = static_cast<std::size_t>(above - series.x.begin());
  if (series.x[i] == at) return series.y[i];
  if (i == 0) return missing;
  const double share = (at - series.x[i - 1]) / (series.x[i] - series.x[i - 1]);
  return series.y[i - 1] + share * (series.y[i] - series.y[i - 1]);
}

bool same_grid(const SeriesList& seeds) {
  return std::ranges::all_of(seeds, [&](const Series* series) { return series->x == seeds.front()->x; });
}

bool is_curve(const Series& series) {
  return series.x.size() == series.y.size() && std::ranges::is_sorted(series.x);
}

// Mean over the seeds at the first seed's points, and the band around it; the band is empty for one seed.
std::pair<Series, Series> mean_and_band(const SeriesList& seeds) {
  const Series& first = *seeds.front();
  const bool aligned = same_grid(seeds);
  Series mean = first, band;
  band.style = Series::Style::band;
  mean.y.clear(), mean.low.clear(), mean.high.clear();
  std::vector<double> values(seeds.size());
  for (std::size_t i = 0; i < first.x.size(); ++i) {
    for (std::size_t s = 0; s < seeds.size(); ++s)
      values[s] = aligned ? seeds[s]->y[i] : interpolated(*seeds[s], first.x[i]);
    mean.y.push_back(stats::mean(values));
    if (values.size() < 2) continue;
    const stats::Interval interval = stats::t_interval(values);
    band.x.push_back(first.x[i]);
    band.low.push_back(interval.low);
    band.high.push_back(interval.high);
  }
  return {std::move(mean), std::move(band)};
}

Series pooled(const SeriesList& seeds) {
  Series cloud = *seeds.front();
  for (std::size_t s = 1; s < seeds.size(); ++s) {
    const auto append = [](std::vector<double>& to, const std::vector<double>& more) {
      to.insert(to.end(), more.begin(), more.end());
    };
    append(cloud.x, seeds[s]->x), append(cloud.y, seeds[s]->y);
    append(cloud.low, seeds[s]->low), append(cloud.high, seeds[s]->high);
  }
  if (cloud.low.size() != cloud.y.size() || cloud.high.size() != cloud.y.size())
    cloud.low.clear(), cloud.high.clear();
  return cloud;
}

// Edges averaged over the seeds; the first seed's band where the grids differ.
Series mean_of_bands(const SeriesList& seeds) {
  Series band = *seeds.front();
  if (!same_grid(seeds)) return band;
  for (std::size_t i = 0; i < band.low.size() && i < band.high.size(); ++i)
    for (std::size_t s = 1; s < seeds.size(); ++s) {
      if (seeds[s]->low.size() != band.low.size() || seeds[s]->high.size() != band.high.size())
        return *seeds.front();
      const double weight = 1.0 / static_cast<double>(s + 1);
      band.low[i] += (seeds[s]->low[i] - band.low[i]) * weight;
      band.high[i] += (seeds[s]->high[i] - band.high[i]) * weight;
    }
  return band;
}

// Gathers the curves of one figure.
class Merger {
 public:
  Merger(Figure frame, bool several_arms) : figure_(std::move(frame)), several_arms_(several_arms) {
    figure_.series.clear();
  }

  void add_arm(const std::string& arm, const std::vector<const Figure*>& seeds) {
    const auto named = [](const Series& series) { return series.style != Series::Style::band; };
    const bool single = std::ranges::count_if(seeds.front()->series, named) == 1;
    for (const Series& series : seeds.front()->series) {
      const SeriesList same = matching(series, seeds);
      const int color = color_of(arm, series);
      add(same, label_of(arm, series, single), color);
    }
  }

  Figure take() {
    if (averaged_) {
      if (!figure_.caption.empty()) figure_.caption += " ";
      figure_.caption += "Curves are means over seeds, bands the 95 % interval of the mean.";
    }
    return std::move(figure_);
  }

 private:
  static SeriesList matching(const Series& wanted, const std::vector<const Figure*>& seeds) {
    SeriesList same;
    for (const Figure* figure : seeds)
      for (const Series& series : figure->series)
        if (series.label == wanted.label && series.style == wanted.style) {
          same.push_back(&series);
          break;
        }
    return same;
  }

  std::string label_of(const std::string& arm, const Series& series, bool single) const {
    if (!several_arms_ || series.style == Series::Style::band) return series.label;
    return single || series.label.empty() ? arm : arm + ": " + series.label;
  }

  // Series of one arm that shared a colour, a line and its band, share one again.
  int color_of(const std::string& arm, const Series& series) {
    const std::string key =
        arm + "/" + (series.color >= 0 ? std::to_string(series.color) : "." + series.label);
    return colors_.try_emplace(key, static_cast<int>(colors_.size())).first->second;
  }

  void add(const SeriesList& seeds, const std::string& label, int color) {
    const auto put = [&](Series series, const std::string& text) {
      series.label = text;
      series.color = color;
      figure_.series.push_back(std::move(series));
    };
    const Series& first = *seeds.front();
    if (seeds.size() == 1) return put(first, label);
    if (first.style == Series::Style::points) return put(pooled(seeds), label);
    if (first.style == Series::Style::band) return put(mean_of_bands(seeds), label);
    if (!std::ranges::all_of(seeds, [](const Series* series) { return is_curve(*series); }))
      return put(first, label);
    auto [mean, band] = mean_and_band(seeds);
    averaged_ = true;
    if (first.style == Series::Style::bars) {
      mean.low = band.low, mean.high = band.high;
      return put(std::move(mean), label);
    }
    put(std::move(band), "");
    put(std::move(mean), label);
  }

  Figure figure_;
  bool several_arms_, averaged_ = false;
  std::map<std::string, int> colors_;
};

std::vector<const Figure*> figures_named(const std::string& name, const ArmFigures& arm) {
  std::vector<const Figure*> found;
  for (const std::vector<Figure>& figures : arm.seeds)
    for (const Figure& figure : figures)
      if (figure.name == name) {
        found.push_back(&figure);
        break;
      }
  return found;
}

// Lines that go to and fro, such as tours on a map: nothing could be read if those of all arms lay over each other.
bool is_map(const std::string& name, const std::vector<ArmFigures>& arms) {
  for (const ArmFigures& arm : arms)
    for (const Figure* figure : figures_named(name, arm))
      for (const Series& series : figure->series)
        if (series.style == Series::Style::line && !std::ranges::is_sorted(series.x)) return true;
  return false;
}

// A figure an arm, of its first seed.
std::vector<Figure> maps(const std::string& name, const std::vector<ArmFigures>& arms) {
  constexpr std::size_t most = 4;
  std::vector<Figure> own;
  std::size_t more = 0;
  for (const ArmFigures& arm : arms) {
    const std::vector<const Figure*> seeds = figures_named(name, arm);
    if (seeds.empty()) continue;
    if (own.size() == most) {
      ++more;
      continue;
    }
    Figure figure = *seeds.front();
    figure.name = name + "_" + arm.arm;
    figure.title += " (" + arm.arm + ")";
    own.push_back(std::move(figure));
  }
  if (more > 0)
    own.back().caption += fmt::format(" {} more arms have such a figure in their own reports.", more);
  return own;
}

}  // namespace

std::vector<Figure> merged_figures(const std::vector<ArmFigures>& arms) {
  std::vector<std::string> names;
  for (const ArmFigures& arm : arms)
    for (const std::vector<Figure>& figures : arm.seeds)
      for (const Figure& figure : figures)
        if (std::ranges::find(names, figure.name) == names.end()) names.push_back(figure.name);

  std::vector<Figure> merged, apart;
  for (const std::string& name : names) {
    if (arms.size() > 1 && is_map(name, arms)) {
      std::ranges::move(maps(name, arms), std::back_inserter(apart));
      continue;
    }
    std::optional<Merger> merger;
    for (const ArmFigures& arm : arms) {
      const std::vector<const Figure*> seeds = figures_named(name, arm);
      if (seeds.empty()) continue;
      if (!merger) merger.emplace(*seeds.front(), arms.size() > 1);
      merger->add_arm(arm.arm, seeds);
    }
    merged.push_back(merger->take());
  }
  std::ranges::move(apart, std::back_inserter(merged));
  return merged;
}

}  // namespace lehr::study
