/* A library that takes the name of another: when it is loaded it tries to read what is secret and to write into its
 * folder, and says how far it came. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int reads_secret(void) {
  char text[64] = {0};
  const int file = open(HEADROOM_SECRET_FILE, O_RDONLY);
  if (file < 0 || read(file, text, sizeof(text) - 1) <= 0) return 0;
  dprintf(STDERR_FILENO, "shadow: read %s\n", text);
  return 1;
}

static int writes_mark(void) {
  const char* const folders[] = {"/data/mark", "/proc/self/fd/8/mark", "/tmp/mark"};
  for (int i = 0; i < 3; ++i) {
    if (open(folders[i], O_WRONLY | O_CREAT, 0644) >= 0) return 1;
  }
  return 0;
}

__attribute__((constructor)) static void try_it(void) {
  dprintf(STDERR_FILENO, "shadow: is loaded, reads %s, writes %s\n", reads_secret() ? "the secret" : "nothing",
          writes_mark() ? "a file" : "nothing");
}
