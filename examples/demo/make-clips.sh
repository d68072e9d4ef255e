#!/bin/sh
# Writes clips/zoom.mp4 and clips/life.webm beside this script, about 2 MB together.
# Needs ffmpeg with libx264 and libvpx; one thread each, so that the same build of
# ffmpeg writes the same bytes again.
#
# Below each picture lies a strip of 16 blocks, 60 x 36 pixels each, which says the
# number of the frame, white for 1 and black for 0, highest bit first:
#
#	1 white, 1 black, 10 frame number, 4 frame number modulo 15 (a check)
#
# The strip is computed as a picture of 16 x 2 and enlarged without smoothing.
set -eu

cd "$(dirname "$0")"
mkdir -p clips

bit="if(lt(X\,2)\,1-X\,if(lt(X\,12)\,floor(N/pow(2\,11-X))\,floor(mod(N\,15)/pow(2\,15-X))))"
strip="format=gray,geq=lum=if(mod($bit\,2)\,235\,16),scale=960:36:flags=neighbor,format=yuv420p"

# clip FILE RATE SECONDS SOURCE LOOK CODEC-OPTIONS...
clip()
{
	file=$1 rate=$2 seconds=$3 source=$4 look=$5
	shift 5
	ffmpeg -v error -nostdin -y \
		-f lavfi -i "$source:rate=$rate" -f lavfi -i "color=size=16x2:rate=$rate" \
		-filter_complex "[0]$look,format=yuv420p[picture];[1]${strip}[strip];[picture][strip]vstack" \
		-t "$seconds" -threads 1 -fflags +bitexact -flags:v +bitexact -map_metadata -1 "$@" \
		"clips/$file"
}

# No +faststart: the index (moov) stays at the end of the file, behind the frames,
# so that a player has to ask for the tail first.
clip zoom.mp4 30 12 \
	"mandelbrot=size=960x504:end_pts=300:end_scale=0.0006:maxiter=1500" \
	"format=gray,format=yuv444p,pseudocolor=preset=magma" \
	-c:v libx264 -preset slow -b:v 800k -maxrate 1200k -bufsize 1200k -g 45 -bf 2

# The first two seconds of the game are noise.
after_two_seconds="trim=start=2,setpts=PTS-STARTPTS"
viridis="eq=contrast=1.5:brightness=0.1,pseudocolor=preset=viridis"
clip life.webm 25 12 \
	"life=size=192x100:ratio=0.12:seed=3:mold=4:life_color=white:death_color=#909090:mold_color=black" \
	"$after_two_seconds,scale=960:504:flags=bicubic,gblur=6,format=gray,format=yuv444p,$viridis" \
	-c:v libvpx-vp9 -deadline good -cpu-used 4 -b:v 450k -g 50
