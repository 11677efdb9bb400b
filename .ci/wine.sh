# shellcheck shell=bash
# Wine for the scripts that try Windows programs; lib.sh comes before.

# shellcheck disable=SC2034 # the scripts use it
wine_packages=(wine64 wine gcc-mingw-w64-x86-64)

# shellcheck disable=SC2154 # lib.sh sets scratch
export WINEPREFIX=$scratch/prefix WINEARCH=win64 WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='

# start_wine makes a new prefix: the folder that Windows programs see as C:.
start_wine() {
	wineboot -i
	bcryptprimitives
}

# bcryptprimitives puts a library into the prefix that Go's runtime asks for random
# bytes before it does anything else. Windows has one; Wine has none before 9.0.
# It lies in the prefix alone, and is part of no package.
bcryptprimitives() {
	local library=$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll
	[[ ! -e $library ]] || return 0
	cat >"$scratch/prng.c" <<-'END'
		#include <windows.h>

		BOOLEAN NTAPI SystemFunction036(PVOID, ULONG); /* RtlGenRandom of advapi32 */

		__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size)
		{
			while (size) {
				ULONG part = size > 1 << 20 ? 1 << 20 : (ULONG)size;
				if (!SystemFunction036(data, part))
					return FALSE;
				data += part;
				size -= part;
			}
			return TRUE;
		}
	END
	x86_64-w64-mingw32-gcc -O2 -shared -nostdlib -e 0 -o "$library" "$scratch/prng.c" -ladvapi32
}

# stop_wine ends every Windows program of the prefix.
stop_wine() { wineserver -k; }
