# Finds libtorch and gives LEHR_TORCH, what a module that uses torch links: the targets of torch's own package files
# (Debian's libtorch-dev, or an unpacked libtorch with the C++11 ABI, given by -DCMAKE_PREFIX_PATH=DIR), else an imported
# target made of what lies in the library and header search paths.
find_package(Torch QUIET)
if(Torch_FOUND)
  set(LEHR_TORCH ${TORCH_LIBRARIES})
  if(TORCH_CXX_FLAGS MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
    message(FATAL_ERROR "This libtorch is built for the old ABI of libstdc++; take the one named cxx11-abi.")
  endif()
  # The ABI flag that remains says what is the default anyway, and would rule out the shared precompiled headers.
  set_target_properties(torch PROPERTIES INTERFACE_COMPILE_OPTIONS "")
else()
  find_path(LEHR_TORCH_INCLUDE_DIR torch/csrc/api/include/torch/types.h REQUIRED)
  find_library(LEHR_TORCH_LIBRARY torch REQUIRED)
  find_library(LEHR_TORCH_CPU_LIBRARY torch_cpu REQUIRED)
  find_library(LEHR_C10_LIBRARY c10 REQUIRED)
  add_library(lehr_torch INTERFACE IMPORTED GLOBAL)
  target_include_directories(lehr_torch INTERFACE ${LEHR_TORCH_INCLUDE_DIR}
                                                  ${LEHR_TORCH_INCLUDE_DIR}/torch/csrc/api/include)
  target_link_libraries(lehr_torch INTERFACE ${LEHR_TORCH_LIBRARY} ${LEHR_TORCH_CPU_LIBRARY} ${LEHR_C10_LIBRARY})
  set(LEHR_TORCH lehr_torch)
endif()
