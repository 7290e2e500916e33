/* Functions that have no safe use here become compile errors. Included last by compiler.h. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PD_BANNED(f) use_of_##f##_is_banned
#undef strcpy
#define strcpy(a, b) PD_BANNED(strcpy)
#undef strcat
#define strcat(a, b) PD_BANNED(strcat)
#undef strncpy
#define strncpy(a, b, n) PD_BANNED(strncpy)
#undef strtok
#define strtok(a, b) PD_BANNED(strtok)
#undef sprintf
#define sprintf(...) PD_BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) PD_BANNED(vsprintf)
#undef sscanf
#define sscanf(...) PD_BANNED(sscanf)
#undef atoi
#define atoi(a) PD_BANNED(atoi)
#undef atol
#define atol(a) PD_BANNED(atol)
#undef atof
#define atof(a) PD_BANNED(atof)
#undef gmtime
#define gmtime(a) PD_BANNED(gmtime)
#undef localtime
#define localtime(a) PD_BANNED(localtime)
#undef ctime
#define ctime(a) PD_BANNED(ctime)

#endif
