/* The layout of the ABI as a C11 compiler sees it; compared with that of the C++ compiler and with abi_layout.txt. */
#ifndef HEADROOM_TESTS_SDK_ABI_LAYOUT_H
#define HEADROOM_TESTS_SDK_ABI_LAYOUT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct abi_line {
  const char* structure;
  const char* field; /* NULL: the struct itself */
  size_t offset;
  size_t size;
} abi_line;

/* Ends with a line whose structure is NULL. */
const abi_line* abi_layout_in_c(void);

#ifdef __cplusplus
}
#endif

#endif
