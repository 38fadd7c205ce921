// A model compiled by the user into a shared object with C linkage:
//
//   /* plug.c; cc -O2 -shared -fPIC plug.c -o plug.so */
//   #include <stddef.h>
//   /* points: count x inputs, values: count x outputs, rows one after another; 0 when all is well. */
//   int lehr_model(size_t inputs, size_t outputs, size_t count, const double* points, double* values);
//   /* Optional: the outputs' names, separated by commas; without it there is one output, y. */
//   const char* lehr_model_outputs(void);
#pragma once

#include <filesystem>

#include "lehr/sample/forward_model.hpp"

namespace lehr::sample {

// How the function may be called.
enum class CallFrom { one_thread, several_threads };

// Loads the object, which stays loaded while a copy of the model lives. Throws IoError for a file that cannot
// be loaded, InvalidInput where lehr_model is missing or names repeat; evaluating throws NumericalFailure
// when lehr_model does not return 0.
ForwardModel shared_object_model(const std::filesystem::path& path, std::vector<std::string> inputs,
                                 CallFrom call_from = CallFrom::one_thread);

}  // namespace lehr::sample
