#include "serve_one.c"
