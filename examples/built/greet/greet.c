/* Says hello, and what the terminal can do. */
#include <curses.h>
#include <term.h>

int main(void) {
  setupterm(NULL, 1, NULL);
  printf("hello, a terminal of %d colours\n", tigetnum("colors"));
  return 0;
}
