# SPDX-License-Identifier: GPL-2.0-or-later
# What every target of ours is compiled with: warnings, and the sanitizers that the user asked for.

function(vn_target name)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
                                         $<$<BOOL:${VIRT_NESTED_WERROR}>:-Werror>)
  if(VIRT_NESTED_SANITIZE)
    target_compile_options(${name} PRIVATE -fsanitize=${VIRT_NESTED_SANITIZE} -fno-sanitize-recover=all
                                           -fno-omit-frame-pointer)
    target_link_options(${name} PRIVATE -fsanitize=${VIRT_NESTED_SANITIZE})
  endif()
endfunction()
