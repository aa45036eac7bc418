class T: pass
