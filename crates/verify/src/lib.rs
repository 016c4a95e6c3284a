//! `yinxin-verify`: says offline what an evidence bundle proves. Comes with the gate and the proof.
