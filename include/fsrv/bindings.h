/* fsrv/bindings.h - the whole interface in one header, for tools that make bindings for other languages.
 *
 *	bindgen fsrv/bindings.h --allowlist-function 'fsrv_.*' --allowlist-type 'fsrv_.*' \
 *	        --allowlist-var '(?i)fsrv_.*'
 *
 * Such tools read functions, structs and enums, but few macros. Each macro that stands for a value is a
 * constant here. FSRV_SEGMENTS_MAX needs none: a call of fsrv_segments_plan with a max of 0 gives the number.
 *
 * The interface keeps to what such tools can express: no function has a variable number of arguments, none
 * takes or returns a struct other than by a pointer, and no struct has bit-fields. Programs in C and C++ need
 * the other headers only. */
#ifndef FSRV_BINDINGS_H
#define FSRV_BINDINGS_H

#include "fsrv/base.h"
#include "fsrv/fields.h"
#include "fsrv/fsrv.h"
#include "fsrv/inject.h"
#include "fsrv/range.h"
#include "fsrv/resource.h"
#include "fsrv/server.h"

/* The macros of the same names in capital letters. Since 0.1. */
static const size_t fsrv_disposition_size = FSRV_DISPOSITION_SIZE;
static const size_t fsrv_fields_size = FSRV_FIELDS_SIZE;
static const size_t fsrv_marker_max = FSRV_MARKER_MAX;
static const uint64_t fsrv_no_cache = FSRV_NO_CACHE;
static const uint32_t fsrv_no_limit = FSRV_NO_LIMIT;
static const uint32_t fsrv_no_timeout = FSRV_NO_TIMEOUT;

/* Some tools know no constants beyond 2^63-1. These are to be converted to an unsigned number of 64 bits: -1
 * becomes 2^64-1. Since 0.1. */
static const int64_t fsrv_length_unknown = (int64_t)FSRV_LENGTH_UNKNOWN;
static const int64_t fsrv_no_offset = (int64_t)FSRV_NO_OFFSET;

#endif
