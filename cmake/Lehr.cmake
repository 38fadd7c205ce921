# How Lehr's modules, tests, benchmarks and fuzz targets are declared.

# lehr_quicker_compiler(): where memory is plentiful, lets g++ collect garbage rarely, which saves a quarter of the time of
# files heavy with templates and changes nothing else.
function(lehr_quicker_compiler)
  cmake_host_system_information(RESULT megabytes QUERY TOTAL_PHYSICAL_MEMORY)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND megabytes GREATER 6000)
    add_compile_options("SHELL:--param ggc-min-expand=400" "SHELL:--param ggc-min-heapsize=1000000")
  endif()
endfunction()

# lehr_precompiled_header(): the headers that almost every file includes, compiled once for all targets.
function(lehr_precompiled_header)
  set(file ${CMAKE_BINARY_DIR}/pch.cpp)
  if(NOT EXISTS ${file})
    file(WRITE ${file} "")
  endif()
  add_library(lehr_pch STATIC ${file})
  target_link_libraries(lehr_pch PRIVATE fmt::fmt nlohmann_json::nlohmann_json Eigen3::Eigen)
  target_precompile_headers(lehr_pch PRIVATE
    <algorithm> <array> <atomic> <chrono> <cmath> <cstdint> <filesystem> <fstream> <functional> <map> <memory>
    <numeric> <optional> <span> <sstream> <string> <string_view> <utility> <vector>
    <fmt/format.h> <nlohmann/json.hpp> <Eigen/Core>)
endfunction()

# lehr_keep_out_of_unity(SOURCE...): files that Highway compiles once per instruction set include themselves, so each stays
# a translation unit of its own, without the precompiled header.
function(lehr_keep_out_of_unity)
  foreach(source IN LISTS ARGN)
    file(STRINGS ${source} includes_itself REGEX "hwy/foreach_target\\.h" LIMIT_COUNT 1)
    if(includes_itself)
      set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON SKIP_PRECOMPILE_HEADERS ON)
    endif()
  endforeach()
endfunction()

# lehr_module(NAME [FOLDER dir] [LINKS ...] [PRIVATE ...]): library lehr_NAME (alias lehr::NAME) of lehr/FOLDER/*.cpp.
# A module without sources yet is a header-only interface.
function(lehr_module name)
  cmake_parse_arguments(ARG "NO_PCH" "FOLDER" "LINKS;PRIVATE" ${ARGN})
  if(NOT ARG_FOLDER)
    set(ARG_FOLDER ${name})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lehr/${ARG_FOLDER}/*.cpp)
  lehr_keep_out_of_unity(${sources})
  if(sources)
    add_library(lehr_${name} STATIC ${sources})
    target_include_directories(lehr_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                                                   $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(lehr_${name} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE})
    if(NOT ARG_NO_PCH)
      target_precompile_headers(lehr_${name} REUSE_FROM lehr_pch)
    endif()
    target_compile_features(lehr_${name} PUBLIC cxx_std_20)
  else()
    add_library(lehr_${name} INTERFACE)
    target_include_directories(lehr_${name} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                                                      $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(lehr_${name} INTERFACE ${ARG_LINKS})
  endif()
  set_target_properties(lehr_${name} PROPERTIES EXPORT_NAME ${name})
  add_library(lehr::${name} ALIAS lehr_${name})
  set_property(GLOBAL APPEND PROPERTY LEHR_MODULES lehr_${name})
endfunction()

# lehr_rooms(ROOM...): says which rooms have tasks; LEHR_ROOMS becomes the list of those that the build was asked for.
function(lehr_rooms)
  if(LEHR_ROOMS STREQUAL "all")
    set(LEHR_ROOMS ${ARGN} PARENT_SCOPE)
    return()
  endif()
  foreach(room IN LISTS LEHR_ROOMS)
    if(NOT room IN_LIST ARGN)
      list(JOIN ARGN ", " known)
      message(FATAL_ERROR "LEHR_ROOMS: no room has the name '${room}' (known: all, ${known})")
    endif()
  endforeach()
endfunction()

# lehr_command_room(ROOM [LINKS ...]): the library lehr_command_ROOM of apps/lehr/ROOM/*.cpp, whose tasks.hpp declares
# `namespace lehr::command { Tasks ROOM_tasks(); }`. Does nothing where LEHR_ROOMS leaves the room out or its folder
# has no tasks.hpp.
function(lehr_command_room room)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  file(GLOB header CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/apps/lehr/${room}/tasks.hpp)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/apps/lehr/${room}/*.cpp)
  if(NOT room IN_LIST LEHR_ROOMS OR NOT header OR NOT sources)
    return()
  endif()
  add_library(lehr_command_${room} STATIC ${sources})
  target_link_libraries(lehr_command_${room} PUBLIC ${ARG_LINKS})
  target_precompile_headers(lehr_command_${room} REUSE_FROM lehr_pch)
  set_property(GLOBAL APPEND PROPERTY LEHR_COMMAND_ROOMS ${room})
endfunction()

# lehr_task_table(FILE): writes the source FILE with the table of the tasks of all rooms declared so far.
function(lehr_task_table file)
  get_property(rooms GLOBAL PROPERTY LEHR_COMMAND_ROOMS)
  foreach(room IN LISTS rooms)
    string(APPEND LEHR_ROOM_INCLUDES "#include \"apps/lehr/${room}/tasks.hpp\"\n")
    string(APPEND LEHR_ROOM_TASKS "  add(${room}_tasks());\n")
  endforeach()
  configure_file(${PROJECT_SOURCE_DIR}/apps/lehr/task_table.cpp.in ${file} @ONLY)
endfunction()

# lehr_tests(NAME [FOLDER dir] [LINKS ...]): one test program of tests/FOLDER/*_test.cpp. Tests are labelled quick, or
# slow where the test suite's name ends in "Slow".
function(lehr_tests name)
  cmake_parse_arguments(ARG "" "FOLDER" "LINKS" ${ARGN})
  if(NOT ARG_FOLDER)
    set(ARG_FOLDER ${name})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${ARG_FOLDER}/*_test.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(lehr_${name}_test ${sources})
  target_link_libraries(lehr_${name}_test PRIVATE ${ARG_LINKS} GTest::gtest_main GTest::gmock)
  target_precompile_headers(lehr_${name}_test REUSE_FROM lehr_test_pch)
  set_target_properties(lehr_${name}_test PROPERTIES UNITY_BUILD OFF)
  math(EXPR quick_seconds "120 * ${LEHR_TEST_TIME_SCALE}")
  math(EXPR slow_seconds "1200 * ${LEHR_TEST_TIME_SCALE}")
  gtest_discover_tests(lehr_${name}_test TEST_FILTER "-*Slow.*" PROPERTIES LABELS quick TIMEOUT ${quick_seconds}
                       DISCOVERY_TIMEOUT 120 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  gtest_discover_tests(lehr_${name}_test TEST_FILTER "*Slow.*" PROPERTIES LABELS slow TIMEOUT ${slow_seconds}
                       DISCOVERY_TIMEOUT 120 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} TEST_LIST ${name}_slow)
endfunction()

# lehr_install(): libraries, headers, commands and the package files for find_package(lehr).
function(lehr_install)
  get_property(modules GLOBAL PROPERTY LEHR_MODULES)
  install(TARGETS ${modules} EXPORT lehr-targets)
  install(EXPORT lehr-targets NAMESPACE lehr:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/lehr)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/lehr DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
  include(CMakePackageConfigHelpers)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/lehr-config.cmake.in ${CMAKE_BINARY_DIR}/lehr-config.cmake @ONLY)
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/lehr-config-version.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_BINARY_DIR}/lehr-config.cmake ${CMAKE_BINARY_DIR}/lehr-config-version.cmake
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/lehr)
endfunction()
