// "name(first, key=second)": the text form of processes, grids and reward functions, taken apart.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lehr::diffusion {

struct CallText {
  struct Argument {
    std::string key, text;  // key is empty for an argument by position
  };
  std::string name;
  std::vector<Argument> arguments;

  // Throws InvalidInput that starts with `what` for anything of another form.
  static CallText parse(std::string_view text, std::string_view what);
  // The number given as `key` or at this position, else `otherwise`. Throws InvalidInput where it is no number.
  double number(std::string_view key, std::size_t position, double otherwise) const;

 private:
  std::string what_;
};

}  // namespace lehr::diffusion
