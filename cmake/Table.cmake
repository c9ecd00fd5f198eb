# SPDX-License-Identifier: GPL-2.0-or-later
# One entry in one place: a table of what the files of a folder define, so that a new entry is a new file and nothing else.

# vn_table(TARGET TYPE HEADER PREFIX PATTERN [GET FUNCTION]): for each file that PATTERN (cmd_*.cpp) names, compiled into
# TARGET, `const Entries<TYPE> PREFIX_*`, where * is the file's own part of the name; `std::span<const TYPE* const> FUNCTION()`
# has all their entries, in the order of the files' names. HEADER declares both templates and FUNCTION.
function(vn_table target type header prefix pattern function)
  file(GLOB files CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${pattern}")
  cmake_path(GET pattern FILENAME form)
  string(REPLACE "*" "(.*)" form "${form}")
  set(declared "")
  set(listed "")
  foreach(file IN LISTS files)
    cmake_path(GET file FILENAME name)
    string(REGEX REPLACE "^${form}$" "\\1" name "${name}")
    string(APPEND declared "extern const Entries<${type}> ${prefix}_${name};\n")
    string(APPEND listed "${prefix}_${name}, ")
  endforeach()
  set(output "${CMAKE_BINARY_DIR}/generated/${target}_${function}.cpp")
  file(CONFIGURE OUTPUT "${output}" @ONLY CONTENT
"// Written by cmake/Table.cmake.
#include \"@header@\"

namespace virt_nested {
@declared@
std::span<const @type@* const> @function@() {
    static const auto all = gathered<@type@>({@listed@});
    return all;
}
} // namespace virt_nested
")
  target_sources(${target} PRIVATE ${files} "${output}")
endfunction()
