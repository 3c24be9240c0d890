/* A library that comes with a plugin and not with the system. */
__attribute__((visibility("default"))) int bundled_answer(void);
int bundled_answer(void) { return 42; }
